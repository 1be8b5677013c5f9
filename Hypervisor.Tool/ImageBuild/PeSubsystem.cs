namespace Hypervisor.Tool.ImageBuild;

/// <summary>What an image is made for (PE/COFF specification §3.4.2, "Windows Subsystem"), as far as firmware loads it.</summary>
public enum PeSubsystem : ushort
{
    /// <summary>No image has it.</summary>
    Unknown = 0,

    /// <summary>A program: gone when it returns.</summary>
    EfiApplication = 10,

    /// <summary>A driver whose memory belongs to the OS after ExitBootServices.</summary>
    EfiBootServiceDriver = 11,

    /// <summary>A driver that stays.</summary>
    EfiRuntimeDriver = 12,
}
