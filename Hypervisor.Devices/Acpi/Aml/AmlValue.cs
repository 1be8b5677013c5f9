namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What is known of an object's value: what this hypervisor needs of it, in 32 bits.</summary>
/// <param name="kind">What it is.</param>
/// <param name="data">The low 32 bits of a number; two bytes of a pair, the first element lowest; the first I/O port of a range.</param>
internal readonly struct AmlValue(AmlValueKind kind, uint data)
{
    private const int SecondShift = 8;

    /// <summary>What it is.</summary>
    internal AmlValueKind Kind => kind;

    /// <summary>The bits.</summary>
    internal uint Data => data;

    /// <summary>First element of a pair.</summary>
    internal byte First => (byte)data;

    /// <summary>Second element of a pair.</summary>
    internal byte Second => (byte)(data >> SecondShift);

    /// <summary>Whether it is a pair of any kind.</summary>
    internal bool IsPair => kind is AmlValueKind.Pair or AmlValueKind.LikelyPair;

    /// <summary>A pair of bytes.</summary>
    internal static AmlValue Pair(uint first, uint second, bool isCertain) =>
        new(isCertain ? AmlValueKind.Pair : AmlValueKind.LikelyPair, (byte)first | ((uint)(byte)second << SecondShift));

    /// <summary>A number.</summary>
    internal static AmlValue Number(uint number) => new(AmlValueKind.Number, number);
}
