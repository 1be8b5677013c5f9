namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The SIB byte: scale, index and base of a memory operand.</summary>
/// <remarks>Intel SDM vol 2 §2.1.5, table 2-3; AMD APM vol 3 §1.4.2.</remarks>
/// <param name="value">The byte.</param>
public readonly struct Sib(byte value)
{
    /// <summary>The byte.</summary>
    public byte Value => value;

    /// <summary>What the index is multiplied by: 1, 2, 4 or 8.</summary>
    public int Scale => 1 << (value >> 6);

    /// <summary>Index register without its REX bit; 4 together with a clear REX.X means none.</summary>
    public int Index => (value >> 3) & 7;

    /// <summary>Base register without its REX bit; 5 with ModRM.Mod = 0 means a displacement instead.</summary>
    public int Base => value & 7;
}
