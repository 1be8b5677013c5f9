using System.Runtime.InteropServices;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The last exits of one processor, for the fault report.</summary>
[StructLayout(LayoutKind.Sequential, Size = 0x500)]
public unsafe struct ExitTrace
{
    /// <summary>Exits kept; a power of two.</summary>
    public const uint Capacity = 16;

    private const int WordsPerRecord = 4;

    private uint _next;
    private fixed ulong _records[(int)Capacity * WordsPerRecord];

    /// <summary>Exits recorded so far; wraps.</summary>
    public readonly uint Count => _next;

    /// <summary>Remembers an exit.</summary>
    public void Add(ulong code, ulong rip, ulong info1, ulong info2)
    {
        fixed (ulong* records = _records)
        {
            ExitRecord* record = (ExitRecord*)records + (_next++ % Capacity);
            record->Code = code;
            record->Rip = rip;
            record->Info1 = info1;
            record->Info2 = info2;
        }
    }

    /// <summary>An earlier exit.</summary>
    /// <param name="age">0 for the last one, up to <see cref="Capacity"/> - 1.</param>
    public readonly ExitRecord Read(uint age)
    {
        fixed (ulong* records = _records)
        {
            return ((ExitRecord*)records)[(_next - 1 - age) % Capacity];
        }
    }
}
