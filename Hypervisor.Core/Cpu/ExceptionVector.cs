namespace Hypervisor.Core.Cpu;

/// <summary>Vectors of the exceptions.</summary>
/// <remarks>Intel SDM vol 3 table 6-1; AMD APM vol 2 table 8-1.</remarks>
public static class ExceptionVector
{
    /// <summary>#DE.</summary>
    public const byte Divide = 0;

    /// <summary>#DB.</summary>
    public const byte Debug = 1;

    /// <summary>Non-maskable interrupt.</summary>
    public const byte Nmi = 2;

    /// <summary>#UD.</summary>
    public const byte Undefined = 6;

    /// <summary>#NM.</summary>
    public const byte DeviceNotAvailable = 7;

    /// <summary>#DF.</summary>
    public const byte DoubleFault = 8;

    /// <summary>#TS.</summary>
    public const byte InvalidTaskState = 10;

    /// <summary>#NP.</summary>
    public const byte SegmentNotPresent = 11;

    /// <summary>#SS.</summary>
    public const byte StackFault = 12;

    /// <summary>#GP.</summary>
    public const byte GeneralProtection = 13;

    /// <summary>#PF.</summary>
    public const byte PageFault = 14;

    /// <summary>#AC.</summary>
    public const byte AlignmentCheck = 17;

    /// <summary>#MC.</summary>
    public const byte MachineCheck = 18;

    /// <summary>The last vector that belongs to exceptions.</summary>
    public const byte Last = 31;

    /// <summary>Whether the exception pushes an error code on every processor; later ones (#CP, #VC, #SX) aside.</summary>
    public static bool HasErrorCode(byte vector) =>
        vector is DoubleFault or InvalidTaskState or SegmentNotPresent or StackFault or GeneralProtection or PageFault or AlignmentCheck;
}
