using System;

namespace Hypervisor.Core.Vmx;

/// <summary>What the guest may do with a page: bits 2:0 of an EPT entry.</summary>
/// <remarks>Intel SDM vol 3 §28.2.2, tables 28-1 to 28-6.</remarks>
[Flags]
public enum EptRights : ulong
{
    /// <summary>Nothing: the entry is not present.</summary>
    None = 0,

    /// <summary>Read.</summary>
    Read = 1UL << 0,

    /// <summary>Write; not without read.</summary>
    Write = 1UL << 1,

    /// <summary>Fetch instructions.</summary>
    Execute = 1UL << 2,

    /// <summary>Everything but writes: the page of zeros, and a page whose writes are trapped.</summary>
    ReadOnly = Read | Execute,

    /// <summary>Everything: the guest's own memory.</summary>
    Full = Read | Write | Execute,
}
