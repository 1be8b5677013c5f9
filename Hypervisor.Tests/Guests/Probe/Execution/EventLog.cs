using System.Runtime.InteropServices;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>What happened while a snippet ran.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EventLog
{
    /// <summary>Most events that are kept; one more ends the snippet.</summary>
    public const int Capacity = 24;

    private const int RecordSize = 48;

    /// <summary>Number of events kept.</summary>
    public int Count;

    private fixed byte _records[Capacity * RecordSize];

    /// <summary>An event.</summary>
    public EventRecord* Record(int index)
    {
        fixed (byte* records = _records)
        {
            return (EventRecord*)(records + (index * RecordSize));
        }
    }

    /// <summary>How many events had a vector.</summary>
    public int CountOf(uint vector)
    {
        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            count += Record(i)->Vector == vector ? 1 : 0;
        }

        return count;
    }
}
