namespace Hypervisor.Core.Host;

/// <summary>
/// Where the words stand that the host fills into its copy of the start-up code for application processors. All lie in the page's
/// second half; the code is in the first.
/// </summary>
public static class TrampolineLayout
{
    /// <summary>Bytes of the page.</summary>
    public const int Size = 0x1000;

    /// <summary>Pseudo-descriptor of the start-up descriptor table: limit and 32-bit base.</summary>
    public const int Gdtr = 0x800;

    /// <summary>Start-up descriptor table: null, 64-bit code, data.</summary>
    public const int Gdt = 0x810;

    /// <summary>Page table root of the host, 32 bits.</summary>
    public const int Cr3 = 0x830;

    /// <summary>Offset and selector of the jump into 64-bit code.</summary>
    public const int FarPointer = 0x838;

    /// <summary>Address of the table of (APIC ID, processor data address) pairs, 16 bytes each.</summary>
    public const int Table = 0x840;

    /// <summary>Number of pairs.</summary>
    public const int Count = 0x848;

    /// <summary>Address of the 64-bit entry point.</summary>
    public const int Entry = 0x850;
}
