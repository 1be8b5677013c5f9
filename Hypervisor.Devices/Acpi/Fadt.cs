using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>The FADT, signature FACP, in all its forms from ACPI 1.0 to 6.5 (ACPI 6.5 §5.2.9).</summary>
/// <remarks>
/// What a table has follows from its length, not from its revision: real tables say one and are the other. A field behind the end reads as
/// zero. Where an
/// extended field holds an address it counts; the old one counts where that is zero, or in an address space that is none.
/// </remarks>
public readonly ref struct Fadt
{
    private const int FirmwareControlOffset = 36;
    private const int DsdtOffset = 40;
    private const int SmiCommandOffset = 48;
    private const int AcpiEnableOffset = 52;
    private const int AcpiDisableOffset = 53;
    private const int S4BiosRequestOffset = 54;
    private const int PStateControlOffset = 55;
    private const int Pm1aControlOffset = 64;
    private const int Pm1bControlOffset = 68;
    private const int Pm1ControlLengthOffset = 89;
    private const int CStateControlOffset = 95;
    private const int FlagsOffset = 112;
    private const int ResetRegisterOffset = 116;
    private const int ResetValueOffset = 128;
    private const int ExtendedFirmwareControlOffset = 132;
    private const int ExtendedDsdtOffset = 140;
    private const int ExtendedPm1aControlOffset = 172;
    private const int ExtendedPm1bControlOffset = 184;
    private const int SleepControlOffset = 244;
    private const int SleepStatusOffset = 256;

    /// <summary>
    /// Tables that end here or before were written for ACPI 1.0, where bytes that later got a meaning are reserved and not always zero.
    /// </summary>
    private const int LongestOfFirstVersion = 132;

    private const int MinimumControlLength = 2;
    private const int MaximumControlLength = 4;
    private const int BitsPerByte = 8;

    private readonly ReadOnlySpan<byte> _table;

    /// <summary>Looks at a table.</summary>
    /// <param name="table">The table with its header, cut to its own length; any length is taken.</param>
    public Fadt(ReadOnlySpan<byte> table)
    {
        _table = table;
    }

    /// <summary>Whether it is one, and long enough for the addresses of the fixed registers.</summary>
    public bool IsValid => AcpiTables.Has(_table, "FACP"u8) && _table.Length >= FlagsOffset;

    /// <summary>Fixed feature flags.</summary>
    public FadtFlags Flags => (FadtFlags)Read32(FlagsOffset);

    /// <summary>Whether sleep states are entered through the sleep control register alone.</summary>
    public bool IsHardwareReduced => (Flags & FadtFlags.HardwareReduced) != 0;

    /// <summary>Physical address of the FACS in the field of 32 bits; 0 where there is none.</summary>
    /// <remarks>
    /// Both fields can name a FACS, and not the same: operating systems differ in which they use, so that both have to be served.
    /// </remarks>
    public uint FirmwareControl => Read32(FirmwareControlOffset);

    /// <summary>Physical address of the FACS in the field of 64 bits; 0 where there is none.</summary>
    public ulong ExtendedFirmwareControl => Read64(ExtendedFirmwareControlOffset);

    /// <summary>Physical address of the DSDT; the field of 64 bits counts where it is not zero.</summary>
    public ulong Dsdt => Read64(ExtendedDsdtOffset) is not 0 and ulong address ? address : Read32(DsdtOffset);

    /// <summary>I/O port of SMI_CMD; 0 where there is none.</summary>
    public ushort SmiCommand => Read32(SmiCommandOffset) is uint port and <= ushort.MaxValue ? (ushort)port : (ushort)0;

    /// <summary>What written to SMI_CMD switches ACPI on; 0 where nothing does.</summary>
    public byte AcpiEnable => Read8(AcpiEnableOffset);

    /// <summary>What written to SMI_CMD switches ACPI off.</summary>
    public byte AcpiDisable => Read8(AcpiDisableOffset);

    /// <summary>What written to SMI_CMD enters S4 by the firmware.</summary>
    public byte S4BiosRequest => Read8(S4BiosRequestOffset);

    /// <summary>What written to SMI_CMD hands control of performance states over.</summary>
    public byte PStateControl => _table.Length <= LongestOfFirstVersion ? (byte)0 : Read8(PStateControlOffset);

    /// <summary>What written to SMI_CMD announces support of _CST.</summary>
    public byte CStateControl => _table.Length <= LongestOfFirstVersion ? (byte)0 : Read8(CStateControlOffset);

    /// <summary>PM1a_CNT.</summary>
    public GenericAddress Pm1aControl => Register(ExtendedPm1aControlOffset, Pm1aControlOffset);

    /// <summary>PM1b_CNT.</summary>
    public GenericAddress Pm1bControl => Register(ExtendedPm1bControlOffset, Pm1bControlOffset);

    /// <summary>Bytes of PM1a_CNT and of PM1b_CNT, 2 to 4; 2 where the table says something impossible.</summary>
    public int Pm1ControlLength => Read8(Pm1ControlLengthOffset) is byte length and >= MinimumControlLength and <= MaximumControlLength
        ? length
        : MinimumControlLength;

    /// <summary>Sleep control register of hardware-reduced machines; tables of others fill it with values that mean nothing.</summary>
    public GenericAddress SleepControl => IsHardwareReduced ? GenericAddress.Read(_table, SleepControlOffset) : default;

    /// <summary>Sleep status register of hardware-reduced machines.</summary>
    public GenericAddress SleepStatus => IsHardwareReduced ? GenericAddress.Read(_table, SleepStatusOffset) : default;

    /// <summary>Reset register, where the flags say that it may be used; in I/O, memory, or configuration space of bus 0.</summary>
    public GenericAddress ResetRegister => (Flags & FadtFlags.ResetRegister) != 0 ? GenericAddress.Read(_table, ResetRegisterOffset) : default;

    /// <summary>What written to it resets the machine.</summary>
    public byte ResetValue => Read8(ResetValueOffset);

    private GenericAddress Register(int extendedOffset, int offset)
    {
        GenericAddress extended = GenericAddress.Read(_table, extendedOffset);
        return extended.IsUsable ? extended : new(AddressSpaceId.SystemIo, (byte)(Pm1ControlLength * BitsPerByte), Read32(offset));
    }

    private byte Read8(int offset) => offset < _table.Length ? _table[offset] : (byte)0;

    private uint Read32(int offset) => _table.Length - offset >= sizeof(uint) ? AcpiTables.Read32(_table, offset) : 0;

    private ulong Read64(int offset) => _table.Length - offset >= sizeof(ulong) ? AcpiTables.Read64(_table, offset) : 0;
}
