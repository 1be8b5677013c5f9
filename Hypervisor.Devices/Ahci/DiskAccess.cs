namespace Hypervisor.Devices.Ahci;

/// <summary>What a command does to the sectors of a disk.</summary>
public enum DiskAccess : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It reads sectors that are known.</summary>
    Read,

    /// <summary>It looks at sectors that are known, and nothing of them gets into memory.</summary>
    Verify,

    /// <summary>It writes sectors that are known.</summary>
    Write,

    /// <summary>It gives up sectors that are not decoded.</summary>
    Discard,

    /// <summary>It may read any sector.</summary>
    ReadAnything,

    /// <summary>It may change anything: medium, drive, or both.</summary>
    ChangeAnything,
}
