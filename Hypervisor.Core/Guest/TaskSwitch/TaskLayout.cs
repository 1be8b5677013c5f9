namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>Where the fields of a task-state segment are.</summary>
/// <remarks>Intel SDM vol 3 §7.2.1, figure 7-2 (32 bits), and §7.6, figure 7-10 (16 bits).</remarks>
/// <param name="isWide">32 bits; otherwise 16.</param>
public readonly struct TaskLayout(bool isWide)
{
    /// <summary>Offset of the link to the task that waits.</summary>
    public const int Link = 0;

    /// <summary>Bytes of a selector.</summary>
    public const int SelectorSize = sizeof(ushort);

    /// <summary>Offset of CR3; 32 bits only.</summary>
    public const int Cr3 = 0x1C;

    /// <summary>Offset of the debug trap flag; 32 bits only.</summary>
    public const int Trap = 0x64;

    /// <summary>General registers, in the order of their numbers.</summary>
    public const int GeneralCount = 8;

    private const int WideSize = 0x68;
    private const int NarrowSize = 0x2C;
    private const int WideInstructionPointer = 0x20;
    private const int NarrowInstructionPointer = 0x0E;
    private const int WideSegments = 0x48;
    private const int NarrowSegments = 0x22;
    private const int WideLocalTable = 0x60;
    private const int NarrowLocalTable = 0x2A;
    private const int WideSegmentCount = 6;
    private const int NarrowSegmentCount = 4;

    /// <summary>32 bits.</summary>
    public bool IsWide => isWide;

    /// <summary>Bytes that the processor reads: the limit must reach so far.</summary>
    public uint Size => isWide ? (uint)WideSize : NarrowSize;

    /// <summary>Bytes of a register.</summary>
    public int RegisterSize => isWide ? sizeof(uint) : sizeof(ushort);

    /// <summary>Offset of EIP or IP; the flags follow, then the general registers.</summary>
    public int InstructionPointer => isWide ? WideInstructionPointer : NarrowInstructionPointer;

    /// <summary>Offset of the flags.</summary>
    public int Flags => InstructionPointer + RegisterSize;

    /// <summary>Number of segment registers: a 16-bit task has no FS and GS.</summary>
    public int SegmentCount => isWide ? WideSegmentCount : NarrowSegmentCount;

    /// <summary>Offset of LDTR.</summary>
    public int LocalTable => isWide ? WideLocalTable : NarrowLocalTable;

    /// <summary>Bytes that are written when the task is left, from <see cref="InstructionPointer"/> on.</summary>
    public uint SavedSize => (uint)(Segment(SegmentCount - 1) + SelectorSize - InstructionPointer);

    /// <summary>Offset of a general register.</summary>
    public int General(int number) => InstructionPointer + ((2 + number) * RegisterSize);

    /// <summary>Offset of a segment register.</summary>
    public int Segment(int number) => (isWide ? WideSegments : NarrowSegments) + (number * RegisterSize);
}
