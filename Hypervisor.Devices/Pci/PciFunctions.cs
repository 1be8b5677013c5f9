using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Devices.Pci;

/// <summary>The functions that have been seen, found by address in constant time: a hash table with chains, of fixed size.</summary>
internal sealed class PciFunctions
{
    /// <summary>Functions there is room for.</summary>
    internal const int Capacity = 512;

    internal const int None = -1;

    private const int Heads = 512;
    private const int HashShift = 23;
    private const uint Spread = 0x9E37_79B1; // 2^32 divided by the golden ratio (Knuth, TAOCP vol 3 §6.4)

    private readonly PciFunctionRecord[] _records = new PciFunctionRecord[Capacity];
    private readonly short[] _heads = new short[Heads];
    private MediatorHost? _host;

    internal PciFunctions()
    {
        Clear();
    }

    /// <summary>Whose ports follow the table.</summary>
    internal void Open(MediatorHost host)
    {
        _host = host;
        host.ConfigurationPorts.Forget();
    }

    /// <summary>Number of functions.</summary>
    internal int Count { get; private set; }

    /// <summary>Records below this number may be in use.</summary>
    internal int End { get; private set; }

    internal ref PciFunctionRecord this[int index] => ref _records[index];

    internal void Clear()
    {
        for (int i = 0; i < Heads; i++)
        {
            _heads[i] = None;
        }

        for (int i = 0; i < Capacity; i++)
        {
            _records[i] = default;
        }

        Count = 0;
        End = 0;
        _host?.ConfigurationPorts.Forget();
    }

    /// <summary>The function at an address; <see cref="None"/> where none is known.</summary>
    internal int Find(uint address)
    {
        int index = _heads[Hash(address)];
        while (index >= 0 && _records[index].Address != address)
        {
            index = _records[index].Next;
        }

        return index;
    }

    /// <summary>Adds a function where none is known.</summary>
    /// <returns>Its number; <see cref="None"/> when there is no room.</returns>
    internal int Add(PciAddress address)
    {
        for (int i = 0; i < Capacity; i++)
        {
            ref PciFunctionRecord record = ref _records[i];
            if (record.IsUsed)
            {
                continue;
            }

            record = new PciFunctionRecord { IsUsed = true, Owner = None, Parent = None, Bars = None, Next = None };
            Place(i, address.Packed);
            Count++;
            End = i >= End ? i + 1 : End;
            return i;
        }

        return None;
    }

    /// <summary>Forgets a function.</summary>
    internal void Remove(int index)
    {
        Displace(index);
        _records[index].IsUsed = false;
        Count--;
    }

    /// <summary>
    /// Says what passes by the mediator to a function, once everything is known about it and whenever that changes; until then nothing does. Reads of one that is only followed
    /// change nothing that is followed.
    /// </summary>
    internal void Publish(int index)
    {
        ref PciFunctionRecord record = ref _records[index];
        if (!record.IsPlaced)
        {
            return;
        }

        ConfigurationPassage passage = record.IsStale || (record.Watch & (PciWatch.Hidden | PciWatch.Claimed)) != 0 ? ConfigurationPassage.None
            : record.Watch == PciWatch.None ? ConfigurationPassage.All
            : ConfigurationPassage.Reads;
        SetPassage(record.Address, passage);
    }

    /// <summary>Lets a function be found under an address, where no other one is. Nothing passes to it before <see cref="Publish"/>.</summary>
    internal void Place(int index, uint address)
    {
        ref PciFunctionRecord record = ref _records[index];
        int head = Hash(address);
        record.Address = address;
        record.Next = _heads[head];
        record.IsPlaced = true;
        _heads[head] = (short)index;
        SetPassage(address, ConfigurationPassage.None);
    }

    /// <summary>Lets a function no longer be found.</summary>
    internal void Displace(int index)
    {
        ref PciFunctionRecord record = ref _records[index];
        if (!record.IsPlaced)
        {
            return;
        }

        int head = Hash(record.Address);
        if (_heads[head] == index)
        {
            _heads[head] = record.Next;
        }
        else
        {
            int before = _heads[head];
            while (_records[before].Next != index)
            {
                before = _records[before].Next;
            }

            _records[before].Next = record.Next;
        }

        record.Next = None;
        record.IsPlaced = false;
        SetPassage(record.Address, ConfigurationPassage.Unknown);
    }

    /// <summary>The bridge whose secondary bus a bus is; <see cref="None"/> where none is known.</summary>
    internal int BridgeTo(int segment, int bus)
    {
        for (int i = 0; i < End; i++)
        {
            ref PciFunctionRecord record = ref _records[i];
            if (record.IsUsed && record.IsPlaced && record.IsBridge && record.SecondaryBus == bus && bus != 0 && new PciAddress(record.Address).Segment == segment)
            {
                return i;
            }
        }

        return None;
    }

    private void SetPassage(uint address, ConfigurationPassage passage)
    {
        if (_host != null && new PciAddress(address).Segment == 0)
        {
            _host.ConfigurationPorts.SetPassage(address, passage);
        }
    }

    private static int Hash(uint address) => (int)((address * Spread) >> HashShift);
}
