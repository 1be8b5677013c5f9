namespace Hypervisor.Devices.Pci;

/// <summary>The windows of the enhanced configuration access mechanism, in a table of fixed size.</summary>
internal sealed class EcamWindows
{
    internal const int Capacity = 16;

    private readonly EcamWindow[] _windows = new EcamWindow[Capacity];

    internal int Count { get; private set; }

    internal ref EcamWindow this[int index] => ref _windows[index];

    internal void Clear() => Count = 0;

    /// <summary>Adds a window.</summary>
    /// <returns>Its number; -1 when there is no room.</returns>
    internal int Add(EcamWindow window)
    {
        if (Count == Capacity)
        {
            return -1;
        }

        _windows[Count] = window;
        return Count++;
    }

    /// <summary>The window that shows a bus; -1 for none.</summary>
    internal int Find(int segment, int bus)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_windows[i].Covers(segment, bus))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Why a window cannot be; empty where it can.</summary>
    internal System.ReadOnlySpan<byte> Objection(in EcamWindow window, int addressBits)
    {
        if (window.FirstBus > window.LastBus)
        {
            return "its last bus comes before its first"u8;
        }

        if ((window.Base & ((1UL << EcamWindow.BusShift) - 1)) != 0 || window.First < 1UL << EcamWindow.BusShift)
        {
            return "its address is not a multiple of 1 MiB above the first"u8;
        }

        // The window's size is at most 256 MiB, so one comparison sees the wrap too.
        if (window.Base >> addressBits != 0 || window.Last >> addressBits != 0)
        {
            return "there are no such addresses"u8;
        }

        for (int i = 0; i < Count; i++)
        {
            ref EcamWindow other = ref _windows[i];
            if (other.First <= window.Last && other.Last >= window.First)
            {
                return "it overlaps another one"u8;
            }

            if (other.Segment == window.Segment && other.FirstBus <= window.LastBus && other.LastBus >= window.FirstBus)
            {
                return "another one has its buses"u8;
            }
        }

        return default;
    }
}
