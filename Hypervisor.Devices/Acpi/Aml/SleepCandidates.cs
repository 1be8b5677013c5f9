namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What the tables say about entering one sleep state: the values of SLP_TYPa and SLP_TYPb (ACPI 6.5 §7.4.2).</summary>
/// <remarks>
/// There is more than one pair where If and Else define different ones: which of them counts is known to the operating system alone.
/// </remarks>
public struct SleepCandidates
{
    /// <summary>How many pairs are kept.</summary>
    public const int Capacity = 4;

    private const int PairBits = 16;
    private const int SecondShift = 8;

    private ulong _pairs;

    /// <summary>Whether a definition of the state's object was found, conditional or not.</summary>
    public bool IsPresent { get; internal set; }

    /// <summary>Whether every definition found stands under a condition.</summary>
    public bool IsConditional { get; internal set; }

    /// <summary>Whether there may be other values than the pairs: computed ones, or more than there is room for.</summary>
    public bool IsOpen { get; internal set; }

    /// <summary>Number of pairs, 0 to 4.</summary>
    public int Count { get; private set; }

    /// <summary>SLP_TYPa of a pair: the element's low byte, of which the register takes three bits.</summary>
    public readonly byte TypeA(int index) => (byte)(_pairs >> (index * PairBits));

    /// <summary>SLP_TYPb of a pair.</summary>
    public readonly byte TypeB(int index) => (byte)(_pairs >> ((index * PairBits) + SecondShift));

    /// <summary>Takes note of a definition's value.</summary>
    internal void Add(AmlValue value)
    {
        if (value.Kind != AmlValueKind.Pair)
        {
            IsOpen = true;
        }

        if (!value.IsPair)
        {
            return;
        }

        for (int i = 0; i < Count; i++)
        {
            if (TypeA(i) == value.First && TypeB(i) == value.Second)
            {
                return;
            }
        }

        if (Count == Capacity)
        {
            IsOpen = true;
            return;
        }

        _pairs |= (ulong)(ushort)value.Data << (Count * PairBits);
        Count++;
    }
}
