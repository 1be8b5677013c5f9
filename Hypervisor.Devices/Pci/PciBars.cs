namespace Hypervisor.Devices.Pci;

/// <summary>The base address registers of the functions that are looked at, in a table of fixed size.</summary>
internal sealed class PciBars
{
    /// <summary>Registers of a function: six and the expansion ROM's.</summary>
    internal const int PerFunction = 7;

    /// <summary>Functions there is room for.</summary>
    internal const int Capacity = 64;

    private readonly PciBar[] _bars = new PciBar[Capacity * PerFunction];
    private readonly bool[] _taken = new bool[Capacity];

    internal ref PciBar this[int place, int index] => ref _bars[(place * PerFunction) + index];

    /// <summary>A free place; -1 for none.</summary>
    internal short Take()
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (!_taken[i])
            {
                _taken[i] = true;
                return (short)i;
            }
        }

        return -1;
    }

    internal void Give(int place) => _taken[place] = false;

    internal void Clear()
    {
        for (int i = 0; i < Capacity; i++)
        {
            _taken[i] = false;
        }
    }
}
