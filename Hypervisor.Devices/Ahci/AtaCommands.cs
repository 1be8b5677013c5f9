using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// What each ATA command does (ACS-3 §7 and annex B; obsolete ones from ATA/ATAPI-4 to ATA8-ACS). A policy lets pass what is known to be harmless, so whatever is missing here is
/// refused where a policy applies.
/// </summary>
public static class AtaCommands
{
    /// <summary>NOP, which every device aborts with subcommand 0 (ACS-3 §7.17).</summary>
    public const byte Nop = 0x00;

    /// <summary>READ FPDMA QUEUED (ACS-3 §7.23).</summary>
    public const byte ReadQueued = 0x60;

    /// <summary>NCQ NON-DATA (ACS-4; in ACS-3 §7.16 NCQ QUEUE MANAGEMENT).</summary>
    public const byte QueuedNonData = 0x63;

    /// <summary>SEND FPDMA QUEUED (ACS-3 §7.43).</summary>
    public const byte SendQueued = 0x64;

    /// <summary>RECEIVE FPDMA QUEUED (ACS-3 §7.34).</summary>
    public const byte ReceiveQueued = 0x65;

    /// <summary>ZAC MANAGEMENT IN (ZAC-2).</summary>
    public const byte ZoneManagementIn = 0x4A;

    /// <summary>ACCESSIBLE MAX ADDRESS CONFIGURATION (ACS-3 §7.2).</summary>
    public const byte AccessibleMaximum = 0x78;

    /// <summary>PACKET (ACS-3 §7.18).</summary>
    public const byte Packet = 0xA0;

    /// <summary>IDENTIFY PACKET DEVICE (ACS-3 §7.13).</summary>
    public const byte IdentifyPacket = 0xA1;

    /// <summary>SMART (ACS-3 §7.48).</summary>
    public const byte Smart = 0xB0;

    /// <summary>DEVICE CONFIGURATION OVERLAY (ATA8-ACS §7.10).</summary>
    public const byte ConfigurationOverlay = 0xB1;

    /// <summary>SANITIZE DEVICE (ACS-3 §7.36).</summary>
    public const byte Sanitize = 0xB4;

    /// <summary>READ BUFFER (ACS-3 §7.19); READ PORT MULTIPLIER on a control port (SATA 3.x §16.4.1).</summary>
    public const byte ReadBuffer = 0xE4;

    /// <summary>WRITE BUFFER (ACS-3 §7.56); WRITE PORT MULTIPLIER on a control port (SATA 3.x §16.4.2).</summary>
    public const byte WriteBuffer = 0xE8;

    /// <summary>READ BUFFER DMA (ACS-3 §7.20).</summary>
    public const byte ReadBufferDma = 0xE9;

    /// <summary>IDENTIFY DEVICE (ACS-3 §7.12).</summary>
    public const byte Identify = 0xEC;

    /// <summary>SET FEATURES (ACS-3 §7.45).</summary>
    public const byte SetFeatures = 0xEF;

    private const byte U = (byte)AtaCommandClass.Unknown;
    private const byte N = (byte)AtaCommandClass.Harmless;
    private const byte H = (byte)AtaCommandClass.Harmful;
    private const byte D = (byte)AtaCommandClass.Discard;
    private const byte C = (byte)AtaCommandClass.Conditional;
    private const byte R = (byte)AtaCommandClass.Read28;
    private const byte X = (byte)AtaCommandClass.Read48;
    private const byte V = (byte)AtaCommandClass.Verify28;
    private const byte Y = (byte)AtaCommandClass.Verify48;
    private const byte W = (byte)AtaCommandClass.Write28;
    private const byte Z = (byte)AtaCommandClass.Write48;
    private const byte Q = (byte)AtaCommandClass.ReadQueued;
    private const byte P = (byte)AtaCommandClass.WriteQueued;
    private const byte O = (byte)AtaCommandClass.OtherQueued;
    private const byte K = (byte)AtaCommandClass.Packet;

    private static ReadOnlySpan<byte> Classes =>
    [
        N, U, U, N, U, U, D, D, N, U, U, N, U, U, U, U, // 00 NOP, 03 CFA error, 06 DATA SET MANAGEMENT, 07 the same XL, 08 DEVICE RESET, 0B REQUEST SENSE DATA EXT
        N, U, N, U, U, U, U, U, U, U, U, U, U, U, U, U, // 10 RECALIBRATE, 12 GET PHYSICAL ELEMENT STATUS
        R, R, U, U, X, X, U, N, U, X, X, X, U, U, U, N, // 20 READ SECTOR(S), 22 READ LONG, 24 EXT, 25 DMA EXT, 27 NATIVE MAX, 29 MULTIPLE EXT, 2A/2B STREAM, 2F LOG
        W, W, H, H, Z, Z, H, H, W, Z, Z, Z, W, Z, H, H, // 30 WRITE SECTOR(S), 32 LONG, 34 EXT, 35 DMA EXT, 37 SET MAX, 39 MULTIPLE EXT, 3A/3B STREAM, 3D FUA, 3F LOG
        V, V, Y, U, H, H, U, N, U, U, C, U, U, U, U, U, // 40 READ VERIFY, 42 EXT, 44 ZERO EXT, 45 WRITE UNCORRECTABLE, 47 READ LOG DMA, 4A ZAC IN
        H, N, U, U, U, U, U, H, U, U, U, H, N, N, H, H, // 50 FORMAT TRACK, 51 STREAM, 57 WRITE LOG DMA, 5B TRUSTED NON-DATA, 5C/5D RECEIVE, 5E/5F SEND
        Q, P, U, O, O, O, U, U, U, U, U, U, U, U, U, U, // 60 READ FPDMA, 61 WRITE FPDMA, 63 NON-DATA, 64 SEND, 65 RECEIVE
        N, U, U, U, U, U, U, N, C, U, U, U, H, U, U, U, // 70 SEEK, 77 SET DATE, 78 ACCESSIBLE MAX ADDRESS, 7C REMOVE ELEMENT
        U, U, U, U, U, U, U, N, U, U, U, U, U, U, U, U, // 87 CFA TRANSLATE SECTOR
        N, N, H, H, N, N, N, N, N, N, U, U, U, U, U, H, // 90 DIAGNOSTIC, 91 PARAMETERS, 92/93 MICROCODE, 94 to 99 old power commands, 9F ZAC OUT
        K, N, U, U, U, U, U, U, U, U, U, U, U, U, U, U, // A0 PACKET, A1 IDENTIFY PACKET
        C, C, H, U, C, U, H, U, U, U, U, U, U, U, U, U, // B0 SMART, B1 CONFIGURATION OVERLAY, B2 SECTOR SIZE, B4 SANITIZE, B6 NV CACHE
        H, U, U, U, R, W, N, U, R, R, W, W, H, W, Z, U, // C0 CFA ERASE, C4/C5 MULTIPLE, C6 SET MULTIPLE, C8/C9 DMA, CA/CB, CC QUEUED, CD CFA, CE FUA EXT
        U, N, U, U, U, U, U, U, U, U, N, N, N, N, N, N, // D1 CHECK MEDIA CARD, DA to DF media and boot notices
        N, N, N, N, C, N, N, N, C, C, N, H, N, N, N, C, // E0 to E3 power, E4 BUFFER, E5, E6, E7 FLUSH, E8 WRITE BUFFER, EA FLUSH EXT, EB, EC IDENTIFY, EF SET FEATURES
        U, H, H, H, H, N, H, U, N, H, U, U, U, U, U, U, // F1 to F6 SECURITY (F5 FREEZE LOCK), F8 NATIVE MAX, F9 SET MAX
    ];

    /// <summary>What a command does.</summary>
    /// <param name="command">The command field.</param>
    public static AtaCommandClass ClassOf(byte command) => (AtaCommandClass)Classes[command];
}
