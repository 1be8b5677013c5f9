namespace Hypervisor.Core.Svm;

/// <summary>EVENTINJ and EXITINTINFO (AMD APM vol 2 §15.20, §15.7.2).</summary>
public readonly struct SvmEvent(ulong value)
{
    private const ulong ErrorCodeValidBit = 1UL << 11;
    private const ulong ValidBit = 1UL << 31;
    private const int TypeShift = 8;
    private const int ErrorCodeShift = 32;

    private enum EventType : ulong
    {
        Interrupt = 0,
        Nmi = 2,
        Exception = 3,
        SoftwareInterrupt = 4,
    }

    private const ulong NmiVector = 2;
    private const byte Breakpoint = 3;
    private const byte Overflow = 4;
    private const byte DoubleFault = 8;

    /// <summary>Nothing.</summary>
    public static SvmEvent None => default;

    /// <summary>A non-maskable interrupt.</summary>
    public static SvmEvent Nmi => new(ValidBit | ((ulong)EventType.Nmi << TypeShift) | NmiVector);

    /// <summary>The eight bytes.</summary>
    public ulong Value => value;

    /// <summary>Whether there is an event.</summary>
    public bool IsValid => (value & ValidBit) != 0;

    /// <summary>Vector.</summary>
    public byte Vector => (byte)value;

    /// <summary>Whether it is a non-maskable interrupt.</summary>
    public bool IsNmi => IsValid && Type == EventType.Nmi;

    /// <summary>Whether it is an exception.</summary>
    public bool IsException => IsValid && Type == EventType.Exception;

    /// <summary>
    /// Whether an instruction raised it (INT n, INT3, INTO). Delivered again it would need the address behind that instruction, which not every processor
    /// saves; executing the instruction again comes to the same.
    /// </summary>
    public bool IsSoftware => IsValid && (Type == EventType.SoftwareInterrupt || (Type == EventType.Exception && Vector is Breakpoint or Overflow));

    /// <summary>The same event without error code.</summary>
    public SvmEvent WithoutErrorCode => new((uint)value & ~ErrorCodeValidBit);

    private EventType Type => (EventType)((value >> TypeShift) & 7);

    /// <summary>An exception without error code.</summary>
    public static SvmEvent Exception(byte vector) => new(ValidBit | ((ulong)EventType.Exception << TypeShift) | vector);

    /// <summary>An exception with error code.</summary>
    public static SvmEvent Exception(byte vector, uint errorCode) =>
        new(ValidBit | ErrorCodeValidBit | ((ulong)EventType.Exception << TypeShift) | vector | ((ulong)errorCode << ErrorCodeShift));

    /// <summary>
    /// What is delivered when <paramref name="second"/> is raised while this event is being delivered (AMD APM vol 2 §8.2.9, Intel SDM vol 3 table 6-5).
    /// </summary>
    /// <param name="second">The new exception.</param>
    /// <param name="shutdown">True when there is nothing left but shutdown.</param>
    public SvmEvent Then(SvmEvent second, out bool shutdown)
    {
        shutdown = false;
        if (!IsException)
        {
            return second; // a fault in the delivery of an interrupt is delivered alone; the interrupt is not lost, its source still asserts it
        }

        if (Vector == DoubleFault)
        {
            shutdown = IsContributory(second.Vector) || second.Vector == PageFault;
            return second;
        }

        bool isDouble = (IsContributory(Vector) && IsContributory(second.Vector))
            || (Vector == PageFault && (IsContributory(second.Vector) || second.Vector == PageFault));
        return isDouble ? Exception(DoubleFault, 0) : second;
    }

    private const byte PageFault = 14;

    private static bool IsContributory(byte vector) => vector is 0 or 10 or 11 or 12 or 13;
}
