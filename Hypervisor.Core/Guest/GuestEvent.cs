using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest;

/// <summary>An event that is delivered to the guest: an interrupt or an exception.</summary>
/// <remarks>
/// The eight bytes are EVENTINJ and EXITINTINFO of SVM (AMD APM vol 2 §15.20, §15.7.2). VMX keeps the same bits in two fields of four bytes: interruption
/// information and error code (Intel SDM vol 3 §24.8.3, tables 24-16 and 24-17).
/// </remarks>
/// <param name="value">The eight bytes.</param>
public readonly struct GuestEvent(ulong value)
{
    private const ulong ErrorCodeValidBit = 1UL << 11;
    private const ulong ValidBit = 1UL << 31;
    private const ulong DeliveredBits = 0x8000_0FFF; // VMX: bit 12 says something about IRET at an exit, and is reserved at an entry
    private const int TypeShift = 8;
    private const int ErrorCodeShift = 32;

    private enum EventType : ulong
    {
        Interrupt = 0,
        Nmi = 2,
        Exception = 3,
        SoftwareInterrupt = 4,
        PrivilegedSoftwareException = 5,
        SoftwareException = 6,
    }

    private const byte Breakpoint = 3;
    private const byte Overflow = 4;

    /// <summary>No event.</summary>
    public static GuestEvent None => default;

    /// <summary>A non-maskable interrupt.</summary>
    public static GuestEvent Nmi => new(ValidBit | ((ulong)EventType.Nmi << TypeShift) | ExceptionVector.Nmi);

    /// <summary>The eight bytes.</summary>
    public ulong Value => value;

    /// <summary>Bits 31:0: the interruption information of VMX.</summary>
    public uint Information => (uint)(value & DeliveredBits);

    /// <summary>Bits 63:32.</summary>
    public uint ErrorCode => (uint)(value >> ErrorCodeShift);

    /// <summary>Whether there is an event.</summary>
    public bool IsValid => (value & ValidBit) != 0;

    /// <summary>Vector.</summary>
    public byte Vector => (byte)value;

    /// <summary>Whether an error code is delivered.</summary>
    public bool HasErrorCode => (value & ErrorCodeValidBit) != 0;

    /// <summary>Whether it is a non-maskable interrupt.</summary>
    public bool IsNmi => IsValid && Type == EventType.Nmi;

    /// <summary>Whether it is an exception.</summary>
    public bool IsException => IsValid && Type is EventType.Exception or EventType.PrivilegedSoftwareException or EventType.SoftwareException;

    /// <summary>
    /// Whether an instruction raised it (INT n, INT3, INTO, INT1). Delivered again it needs the length of that instruction, which VMX saves and SVM does not
    /// everywhere.
    /// </summary>
    public bool IsSoftware => IsValid && (Type is EventType.SoftwareInterrupt or EventType.PrivilegedSoftwareException or EventType.SoftwareException
        || (Type == EventType.Exception && Vector is Breakpoint or Overflow));

    /// <summary>The same event without error code.</summary>
    public GuestEvent WithoutErrorCode => new((uint)value & ~ErrorCodeValidBit);

    private EventType Type => (EventType)((value >> TypeShift) & 7);

    /// <summary>An exception without error code.</summary>
    public static GuestEvent Exception(byte vector) => new(ValidBit | ((ulong)EventType.Exception << TypeShift) | vector);

    /// <summary>An exception with error code.</summary>
    public static GuestEvent Exception(byte vector, uint errorCode) =>
        new(ValidBit | ErrorCodeValidBit | ((ulong)EventType.Exception << TypeShift) | vector | ((ulong)errorCode << ErrorCodeShift));

    /// <summary>The event in two fields of a VMCS.</summary>
    public static GuestEvent FromFields(uint information, uint errorCode) => new(information | ((ulong)errorCode << ErrorCodeShift));

    /// <summary>
    /// What is delivered when <paramref name="second"/> is raised while this event is being delivered (AMD APM vol 2 §8.2.9, Intel SDM vol 3 table 6-5).
    /// </summary>
    /// <param name="second">The new exception.</param>
    /// <param name="shutdown">True when there is nothing left but shutdown.</param>
    public GuestEvent Then(GuestEvent second, out bool shutdown)
    {
        shutdown = false;
        if (!IsException)
        {
            return second; // a fault in the delivery of an interrupt is delivered alone; the interrupt is not lost, its source still asserts it
        }

        if (Vector == ExceptionVector.DoubleFault)
        {
            shutdown = IsContributory(second.Vector) || second.Vector == ExceptionVector.PageFault;
            return second;
        }

        bool isDouble = (IsContributory(Vector) && IsContributory(second.Vector))
            || (Vector == ExceptionVector.PageFault && (IsContributory(second.Vector) || second.Vector == ExceptionVector.PageFault));
        return isDouble ? Exception(ExceptionVector.DoubleFault, 0) : second;
    }

    private static bool IsContributory(byte vector) => vector is 0 or 10 or 11 or 12 or 13;
}
