namespace Hypervisor.Core.Cpu;

/// <summary>The attributes of a segment as its descriptor holds them, twelve bits without the gap of the limit field.</summary>
/// <remarks>
/// This is the form of the VMCB (AMD APM vol 2 §15.5.1: descriptor bits 55:52 and 47:40). The VMCS keeps the gap and has a bit for
/// "unusable" (Intel SDM vol 3 §24.4.1): <see cref="VmxAccessRights"/>. Descriptor fields: SDM vol 3 §3.4.5.
/// </remarks>
/// <param name="value">Bits 3:0 type, 4 S, 6:5 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G.</param>
public readonly struct SegmentAttributes(ushort value)
{
    private const int NonSystemBit = 1 << 4;
    private const int PresentBit = 1 << 7;
    private const int LongModeBit = 1 << 9;
    private const int DefaultBigBit = 1 << 10;
    private const int GranularityBit = 1 << 11;
    private const uint VmxUnusableBit = 1u << 16;
    private const int CodeBit = 8;
    private const int ConformingBit = 4;
    private const int ReadWriteBit = 2;
    private const int AccessedBit = 1;
    private const int LocalTableType = 2;
    private const int TaskMask = 5;
    private const int TaskType = 1;
    private const int BusyBit = 2;
    private const int WideBit = 8;

    /// <summary>The packed twelve bits.</summary>
    public ushort Value => value;

    /// <summary>Segment or gate type, 0 to 15.</summary>
    public int Type => value & 0xF;

    /// <summary>S: a code or data segment; false for LDT, TSS and gates.</summary>
    public bool IsCodeOrData => (value & NonSystemBit) != 0;

    /// <summary>DPL: descriptor privilege level, 0 to 3. For SS it is the CPL.</summary>
    public int Privilege => (value >> 5) & 3;

    /// <summary>P: the segment is present.</summary>
    public bool Present => (value & PresentBit) != 0;

    /// <summary>L: 64-bit code, where the segment is code and long mode is active.</summary>
    public bool LongMode => (value & LongModeBit) != 0;

    /// <summary>D/B: 32-bit code or stack.</summary>
    public bool DefaultBig => (value & DefaultBigBit) != 0;

    /// <summary>G: the limit counts 4 KiB units.</summary>
    public bool PageGranular => (value & GranularityBit) != 0;

    /// <summary>A code segment.</summary>
    public bool IsCode => IsCodeOrData && (value & CodeBit) != 0;

    /// <summary>A code segment that keeps the caller's privilege.</summary>
    public bool IsConforming => IsCode && (value & ConformingBit) != 0;

    /// <summary>A data segment that can be written: what a stack must be.</summary>
    public bool IsWritableData => IsCodeOrData && !IsCode && (value & ReadWriteBit) != 0;

    /// <summary>A data segment, or a code segment that can be read.</summary>
    public bool IsReadable => IsCodeOrData && (!IsCode || (value & ReadWriteBit) != 0);

    /// <summary>A: the segment has been loaded.</summary>
    public bool Accessed => IsCodeOrData && (value & AccessedBit) != 0;

    /// <summary>A local descriptor table.</summary>
    public bool IsLocalTable => !IsCodeOrData && Type == LocalTableType;

    /// <summary>A task-state segment, of either width, available or busy (SDM vol 3 §7.2.2).</summary>
    public bool IsTask => !IsCodeOrData && (value & TaskMask) == TaskType;

    /// <summary>A task-state segment whose task runs, or waits for one it called.</summary>
    public bool IsBusyTask => IsTask && (value & BusyBit) != 0;

    /// <summary>A task-state segment of 32 bits; false for 16.</summary>
    public bool IsWideTask => IsTask && (value & WideBit) != 0;

    /// <summary>The same, of a busy task.</summary>
    public SegmentAttributes AsBusyTask => new((ushort)(value | BusyBit));

    /// <summary>The same, of an available task.</summary>
    public SegmentAttributes AsAvailableTask => new((ushort)(value & ~BusyBit));

    /// <summary>The same, of a segment that has been loaded.</summary>
    public SegmentAttributes AsAccessed => new((ushort)(value | AccessedBit));

    /// <summary>The same, of a segment that is not present.</summary>
    public SegmentAttributes AsAbsent => new((ushort)(value & ~PresentBit));

    /// <summary>Bits 7:0: the byte of a descriptor with type, S, DPL and P.</summary>
    public byte TypeByte => (byte)value;

    /// <summary>The VMCS form: bits 7:0, then 15:12, and bit 16 ("unusable") where the segment is not present.</summary>
    public uint VmxAccessRights => (value & 0xFFu) | ((value & 0xF00u) << 4) | (Present ? 0 : VmxUnusableBit);
}
