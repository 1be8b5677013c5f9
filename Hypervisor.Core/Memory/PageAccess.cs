namespace Hypervisor.Core.Memory;

/// <summary>Why an address is translated: it decides which rights are asked for.</summary>
/// <remarks>Intel SDM vol 3 §4.6; AMD APM vol 2 §5.6.</remarks>
public enum PageAccess : byte
{
    /// <summary>The instruction reads data, with the rights of the CPL.</summary>
    Read = 0,

    /// <summary>The instruction writes data, with the rights of the CPL.</summary>
    Write = 1,

    /// <summary>The processor fetches the instruction itself.</summary>
    Fetch = 2,

    /// <summary>The processor reads a descriptor or TSS: a supervisor access at any CPL, which RFLAGS.AC does not excuse from
    /// SMAP.</summary>
    SystemRead = 3,

    /// <summary>The processor writes a descriptor, TSS or the stack of an interrupt: as <see cref="SystemRead"/>.</summary>
    SystemWrite = 4,
}
