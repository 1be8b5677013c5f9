namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// A record of the symbol table (PE/COFF specification §5.4). Auxiliary records keep their places in the table as empty ones.
/// </summary>
/// <param name="Name">The name.</param>
/// <param name="Value">Offset in the section; for a common block its size.</param>
/// <param name="Section">Number of the section from 1; 0 for undefined, negative for absolute values and debug records.</param>
/// <param name="StorageClass">Storage class.</param>
/// <param name="HasAuxiliary">Whether auxiliary records follow.</param>
public sealed record CoffSymbol(string Name, uint Value, int Section, byte StorageClass, bool HasAuxiliary)
{
    private const byte External = 2;
    private const byte Static = 3;
    private const byte Label = 6;

    /// <summary>The place of an auxiliary record.</summary>
    public static CoffSymbol Auxiliary { get; } = new("", 0, -2, 0, false);

    /// <summary>Whether other objects see it.</summary>
    public bool IsExternal => StorageClass == External;

    /// <summary>Whether another object must define it (§5.4.4: external, no section, no size).</summary>
    public bool IsUndefined => IsExternal && Section == 0 && Value == 0;

    /// <summary>Whether it stands for a whole section (§5.5.5): its auxiliary record describes that section.</summary>
    public bool IsSection => StorageClass == Static && Value == 0 && HasAuxiliary;

    /// <summary>Whether it names a place in a section.</summary>
    public bool IsPlace => Section > 0 && !IsSection && StorageClass is External or Static or Label && Name.Length != 0;
}
