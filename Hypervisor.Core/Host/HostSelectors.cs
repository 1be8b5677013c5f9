namespace Hypervisor.Core.Host;

/// <summary>Segment selectors of the host's descriptor table.</summary>
public static class HostSelectors
{
    /// <summary>64-bit code.</summary>
    public const ushort Code = 0x08;

    /// <summary>Data.</summary>
    public const ushort Data = 0x10;

    /// <summary>Task state, two entries.</summary>
    public const ushort TaskState = 0x18;
}
