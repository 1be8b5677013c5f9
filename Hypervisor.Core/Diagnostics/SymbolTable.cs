using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>
/// The symbols that the build appends to the image: entries of eight bytes (offset in the image, offset of the name in the table), in the order of the former,
/// after a word with their number; names end with a zero byte.
/// </summary>
public static unsafe class SymbolTable
{
    private const int HeaderSize = sizeof(uint);
    private const int EntrySize = 2 * sizeof(uint);
    private const int MaximumName = 96;

    /// <summary>The last symbol at or before an offset.</summary>
    /// <param name="table">The table; null for none.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="offset">Offset in the image.</param>
    /// <param name="distance">Bytes from the symbol to the offset.</param>
    /// <returns>The name; empty where there is none.</returns>
    public static ReadOnlySpan<byte> Find(byte* table, uint size, uint offset, out uint distance)
    {
        distance = 0;
        if (table == null || size < HeaderSize)
        {
            return default;
        }

        uint count = *(uint*)table;
        if (count == 0 || count > (size - HeaderSize) / EntrySize)
        {
            return default;
        }

        uint low = 0;
        uint high = count;
        while (low < high)
        {
            uint middle = (low + high) / 2;
            if (Entry(table, middle)[0] <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == 0)
        {
            return default;
        }

        uint* entry = Entry(table, low - 1);
        distance = offset - entry[0];
        int length = 0;
        while (length < MaximumName && entry[1] + length < size && table[entry[1] + length] != 0)
        {
            length++;
        }

        return new ReadOnlySpan<byte>(table + entry[1], length);
    }

    private static uint* Entry(byte* table, uint index) => (uint*)(table + HeaderSize + (index * EntrySize));
}
