namespace Hypervisor.Guests.Probe.Layout;

/// <summary>Selectors of the probe's own global descriptor table.</summary>
public static class ProbeSelectors
{
    /// <summary>64-bit code, privilege 0.</summary>
    public const ushort Code = 0x08;

    /// <summary>Data, privilege 0.</summary>
    public const ushort Data = 0x10;

    /// <summary>Data, privilege 3, with its requested privilege.</summary>
    public const ushort UserData = 0x18 | 3;

    /// <summary>64-bit code, privilege 3, with its requested privilege.</summary>
    public const ushort UserCode = 0x20 | 3;

    /// <summary>Task state segment; its descriptor takes two places.</summary>
    public const ushort TaskState = 0x28;

    /// <summary>Bytes of the table.</summary>
    public const int TableSize = 0x38;
}
