namespace Hypervisor.Tool.ImageBuild;

/// <summary>A place in a section that the linker fills in (PE/COFF specification §5.2).</summary>
/// <param name="Offset">Where, from the start of the section.</param>
/// <param name="SymbolIndex">The symbol whose address goes there, as an index of <see cref="CoffFile.Symbols"/>.</param>
/// <param name="Type">How: one of the IMAGE_REL_AMD64 numbers.</param>
public readonly record struct CoffRelocation(uint Offset, int SymbolIndex, ushort Type)
{
    private const ushort Address64 = 1;
    private const ushort Rel32Displaced5 = 9;

    /// <summary>Bytes the linker writes, which hold the addend until then; 0 where the place holds no address.</summary>
    public int AddressSize => Type switch
    {
        Address64 => sizeof(ulong),
        > Address64 and <= Rel32Displaced5 => sizeof(uint),
        _ => 0, // SECTION, SECREL and the like
    };
}
