namespace Hypervisor.Core.Memory;

/// <summary>The ways in which a processor translates linear addresses.</summary>
/// <remarks>Intel SDM vol 3 §4.1.1; AMD APM vol 2 §5.1.</remarks>
public enum PagingMode : byte
{
    /// <summary>CR0.PG = 0: linear addresses are physical.</summary>
    None = 0,

    /// <summary>32-bit paging: two levels of 32-bit entries.</summary>
    Legacy32 = 1,

    /// <summary>PAE paging outside long mode: four PDPTEs and two levels of 64-bit entries.</summary>
    Pae = 3,

    /// <summary>4-level paging of long mode.</summary>
    Level4 = 4,

    /// <summary>5-level paging of long mode.</summary>
    Level5 = 5,
}
