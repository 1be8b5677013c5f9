using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>Offsets of registers behind ABAR: generic host control (AHCI 1.3.1 §3.1) and those of a port (§3.3), which repeat every 80h bytes from 100h on.</summary>
public static class AhciRegister
{
    /// <summary>CAP: what the controller can do.</summary>
    public const int Capabilities = 0x00;

    /// <summary>GHC: global control.</summary>
    public const int GlobalControl = 0x04;

    /// <summary>IS: which ports have an interrupt pending.</summary>
    public const int InterruptStatus = 0x08;

    /// <summary>PI: which ports there are.</summary>
    public const int PortsImplemented = 0x0C;

    /// <summary>First register of port 0.</summary>
    public const int FirstPort = 0x100;

    /// <summary>Bytes of a port's registers.</summary>
    public const int PortSize = 0x80;

    /// <summary>Most ports of a controller.</summary>
    public const int MaximumPorts = 32;

    /// <summary>End of the last port's registers.</summary>
    public const int End = FirstPort + (MaximumPorts * PortSize);

    /// <summary>PxCLB: the command list.</summary>
    public const int CommandList = 0x00;

    /// <summary>PxCLBU: its upper half.</summary>
    public const int CommandListUpper = 0x04;

    /// <summary>PxFB: the area for received FISes.</summary>
    public const int ReceivedFis = 0x08;

    /// <summary>PxFBU: its upper half.</summary>
    public const int ReceivedFisUpper = 0x0C;

    /// <summary>PxIS: interrupt status.</summary>
    public const int PortInterruptStatus = 0x10;

    /// <summary>PxIE: interrupt enable.</summary>
    public const int PortInterruptEnable = 0x14;

    /// <summary>PxCMD: command and status.</summary>
    public const int Command = 0x18;

    /// <summary>PxTFD: task file data.</summary>
    public const int TaskFile = 0x20;

    /// <summary>PxSIG: signature of the device.</summary>
    public const int Signature = 0x24;

    /// <summary>PxSSTS: the link.</summary>
    public const int SataStatus = 0x28;

    /// <summary>PxSCTL: control of the link.</summary>
    public const int SataControl = 0x2C;

    /// <summary>PxSERR: errors of the link.</summary>
    public const int SataError = 0x30;

    /// <summary>PxSACT: queued commands the device has not finished.</summary>
    public const int SataActive = 0x34;

    /// <summary>PxCI: commands issued.</summary>
    public const int CommandIssue = 0x38;

    /// <summary>PxFBS: FIS-based switching.</summary>
    public const int FisSwitching = 0x40;

    /// <summary>PxFBS.EN: received FISes of each port of a port multiplier have an area of their own (§3.3.16).</summary>
    public const uint FisSwitchingEnabled = 1;

    /// <summary>Bits of PxIS that follow other registers: UFS, PCS, PRCS and DMPS (§3.3.5); only the guest shall clear what they follow.</summary>
    public const uint LinkInterrupts = (1u << 4) | (1u << 6) | (1u << 7) | (1u << 22);

    /// <summary>Bits of PxIS that say a command has failed: TFES, HBFS, HBDS, IFS (§6.2.2).</summary>
    public const uint ErrorInterrupts = (1u << 30) | (1u << 29) | (1u << 28) | (1u << 27);

    private const uint G = ~((1u << (Capabilities / sizeof(uint))) | (1u << (GlobalControl / sizeof(uint))));
    private const uint A = uint.MaxValue;
    private const uint P = ~((1u << (CommandList / sizeof(uint))) | (1u << (CommandListUpper / sizeof(uint))) | (1u << (ReceivedFis / sizeof(uint)))
        | (1u << (ReceivedFisUpper / sizeof(uint))) | (1u << (Command / sizeof(uint))) | (1u << (CommandIssue / sizeof(uint))));

    /// <summary>
    /// Registers whose writes nobody looks at where no rule applies, in the form of <see cref="Hypervisor.Core.Mediation.MemoryForm.PassingWrites"/>: all but the reset of the controller,
    /// where a port's lists are, its start, and commands.
    /// </summary>
    public static ReadOnlySpan<uint> UnwatchedWrites =>
    [
        G, A, // generic host control, and what a vendor has behind it
        P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, // ports 0 to 15
        P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,
    ];

    /// <summary>The port a register belongs to.</summary>
    /// <param name="offset">From <see cref="FirstPort"/> to <see cref="End"/>.</param>
    public static int PortOf(int offset) => (offset - FirstPort) / PortSize;

    /// <summary>A register's offset within its port, of the dword it lies in.</summary>
    public static int InPort(int offset) => (offset - FirstPort) % PortSize & ~(sizeof(uint) - 1);

    /// <summary>The offset of a port's register.</summary>
    public static int OfPort(int port, int register) => FirstPort + (port * PortSize) + register;

    /// <summary>Whether an offset is among the registers of ports.</summary>
    public static bool IsPort(int offset) => offset is >= FirstPort and < End;
}
