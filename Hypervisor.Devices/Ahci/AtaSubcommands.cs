namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Commands of which more than the command field says what they do (ACS-3 §7, ACS-4, ZAC-2). As in <see cref="AtaCommands"/>, what is not known to be harmless may change anything.
/// </summary>
public static class AtaSubcommands
{
    private const int NonDataMask = 0xF; // FEATURE bits 3:0 of NCQ NON-DATA (ACS-3 §7.16, there NCQ QUEUE MANAGEMENT)
    private const int QueuedShift = 8;
    private const int QueuedMask = 0x1F; // COUNT bits 12:8 of SEND and RECEIVE FPDMA QUEUED (ACS-3 §7.34, §7.43)
    private const int ZoneActionMask = 0x1F; // FEATURE bits 4:0 of ZAC MANAGEMENT IN (ZAC-2)

    /// <summary>What a command of the class <see cref="AtaCommandClass.Conditional"/> or <see cref="AtaCommandClass.OtherQueued"/> does.</summary>
    /// <param name="fis">The command.</param>
    public static DiskAccess AccessOf(CommandFis fis)
    {
        byte feature = (byte)fis.Feature;
        int queued = (fis.Count >> QueuedShift) & QueuedMask;
        bool isControlPort = fis.PortMultiplier == PortMultiplierCommand.ControlPort;
        return fis.Command switch
        {
            AtaCommands.SetFeatures => Only(IsPassingSetting(feature)),
            AtaCommands.Smart => Only(IsHarmlessSmart(feature, (byte)fis.Lba28)),
            AtaCommands.ZoneManagementIn => Only((feature & ZoneActionMask) is 0x00 or 0x06 or 0x07 or 0x09), // reports of zones, realms, domains, ZONE QUERY; not ZONE ACTIVATE
            AtaCommands.ConfigurationOverlay => Only(feature is 0xC1 or 0xC2 or 0xC4), // FREEZE LOCK, IDENTIFY, IDENTIFY DMA (ATA8-ACS §7.10)
            AtaCommands.Sanitize => Only(fis.Feature is 0x0000 or 0x0020), // STATUS, FREEZE LOCK (ACS-3 §7.36)
            AtaCommands.AccessibleMaximum => Only(fis.Feature is 0x0000 or 0x0002), // GET NATIVE, FREEZE (ACS-3 §7.2)

            // The same codes are READ and WRITE PORT MULTIPLIER on the control port (SATA 3.x §16.4). What a disk has in its buffer before the guest has put something there nobody says:
            // it may be sectors that were read before, or ahead (ACS-3 §7.19).
            AtaCommands.ReadBuffer => isControlPort ? DiskAccess.None : DiskAccess.ReadAnything,
            AtaCommands.ReadBufferDma => DiskAccess.ReadAnything,
            AtaCommands.WriteBuffer => Only(isControlPort),

            AtaCommands.QueuedNonData => Only((feature & NonDataMask) is 0 or 1), // ABORT NCQ QUEUE, DEADLINE HANDLING (ACS-4)
            AtaCommands.SendQueued => queued == 0 ? DiskAccess.Discard : DiskAccess.ChangeAnything, // DATA SET MANAGEMENT; not WRITE LOG DMA EXT
            AtaCommands.ReceiveQueued => Only(queued == 1), // READ LOG DMA EXT; of ZAC MANAGEMENT IN the action is elsewhere
            _ => DiskAccess.ChangeAnything,
        };
    }

    private static DiskAccess Only(bool harmless) => harmless ? DiskAccess.None : DiskAccess.ChangeAnything;

    /// <summary>
    /// Settings that are gone with the power and leave sectors and their numbers alone (ACS-3 §7.45; command duration limits: ACS-5). Missing are power-up in standby (06h, 86h), which stays and makes the drive
    /// keep back who it is; the address offset (09h, 89h; INCITS TR-27), after which sectors have other numbers; zone activation (46h to 48h); what is obsolete, and vendors' own.
    /// </summary>
    private static bool IsPassingSetting(byte setting) => setting switch
    {
        0x01 or 0x81 or 0x03 => true, // 8-bit transfers, transfer mode
        0x02 or 0x82 or 0x55 or 0xAA => true, // write cache, read look-ahead
        0x05 or 0x85 or 0x42 or 0xC2 or 0x4A => true, // power management, acoustic management, power conditions
        0x07 or 0x0A or 0x8A => true, // spin-up, CFA power mode 1
        0x0B or 0x8B or 0x0D or 0x43 or 0x50 => true, // write-read-verify, command duration limits, interface sector times, background operation
        0x10 or 0x90 => true, // SATA features
        0x31 or 0x95 or 0x5D or 0xDD or 0x5E or 0xDE => true, // media status notification, release and SERVICE interrupts
        0x41 or 0xC1 or 0x62 or 0x63 => true, // free fall, alignment errors, device state notification
        0x66 or 0xCC or 0xC3 or 0xC4 => true, // whether settings outlast a reset, sense data
        _ => false,
    };

    /// <summary>Reading, self-tests, and whether attributes are kept; not WRITE LOG, DISABLE and what is obsolete (ACS-3 §7.48).</summary>
    private static bool IsHarmlessSmart(byte subcommand, byte routine) => subcommand switch
    {
        0xD4 => routine is <= 0x04 or 0x7F or (>= 0x81 and <= 0x84), // EXECUTE OFF-LINE IMMEDIATE: others are vendors' or reserved
        0xD0 or 0xD1 or 0xD2 or 0xD3 or 0xD5 or 0xD8 or 0xDA => true,
        _ => false,
    };
}
