namespace Hypervisor.Core.Guest.Startup;

/// <summary>Where a processor that has just been started or woken executes its first instruction, and in which mode.</summary>
public readonly struct StartPoint
{
    private const int VectorShift = 12;
    private const int ParagraphShift = 4;
    private const ulong ParagraphMask = 0xF;
    private const ushort FlatCode = 0x8;

    private StartPoint(ushort selector, ulong segment, ulong rip, bool isProtected)
    {
        Selector = selector;
        SegmentBase = segment;
        Rip = rip;
        IsProtected = isProtected;
    }

    /// <summary>Selector of CS.</summary>
    public ushort Selector { get; }

    /// <summary>Base of CS.</summary>
    public ulong SegmentBase { get; }

    /// <summary>RIP.</summary>
    public ulong Rip { get; }

    /// <summary>32-bit protected mode with flat segments and without paging; else real mode.</summary>
    public bool IsProtected { get; }

    /// <summary>Behind SIPI: the start of the page that the vector names (Intel SDM vol 3 §9.4.4).</summary>
    public static StartPoint FromVector(byte vector)
    {
        ulong page = (ulong)vector << VectorShift;
        return new StartPoint((ushort)(page >> ParagraphShift), page, 0, isProtected: false);
    }

    /// <summary>Waking in real mode: CS is the address without its lowest four bits, IP these (ACPI 6.5 §5.2.10, Firmware Waking Vector).</summary>
    /// <param name="address">Physical address below 1 MiB.</param>
    public static StartPoint RealMode(uint address) =>
        new((ushort)(address >> ParagraphShift), address & ~ParagraphMask, address & ParagraphMask, isProtected: false);

    /// <summary>Waking in protected mode (ACPI 6.5 §5.2.10, X Firmware Waking Vector): flat segments of 4 GiB, no paging.</summary>
    /// <param name="address">Physical address below 4 GiB.</param>
    public static StartPoint Flat(uint address) => new(FlatCode, 0, address, isProtected: true);
}
