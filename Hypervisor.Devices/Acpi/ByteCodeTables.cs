using System;
using Hypervisor.Devices.Acpi.Aml;

namespace Hypervisor.Devices.Acpi;

/// <summary>
/// The tables that hold byte code, in the order an operating system loads them: the DSDT, then what the list of tables has of SSDTs.
/// </summary>
/// <typeparam name="TMemory">How physical memory is reached.</typeparam>
/// <param name="finder">Where tables are found.</param>
public readonly ref struct ByteCodeTables<TMemory>(TableFinder<TMemory> finder)
    where TMemory : struct, ITableMemory, allows ref struct
{
    private readonly TableFinder<TMemory> _finder = finder;

    /// <summary>Bytes of all of them together.</summary>
    public int TotalLength
    {
        get
        {
            long total = 0;
            int cursor = 0;
            for (Span<byte> table = Next(ref cursor); !table.IsEmpty; table = Next(ref cursor))
            {
                total += table.Length;
            }

            return (int)Math.Min((ulong)total, int.MaxValue);
        }
    }

    /// <summary>The next one; empty behind the last.</summary>
    /// <param name="cursor">0 for the first; moved on.</param>
    public Span<byte> Next(scoped ref int cursor)
    {
        if (cursor == 0)
        {
            cursor++;
            Span<byte> first = _finder.FindDsdt();
            if (!first.IsEmpty)
            {
                return first;
            }
        }

        TableList list = _finder.Tables;
        while (cursor <= list.Count)
        {
            Span<byte> table = _finder.Table(list[cursor - 1]);
            cursor++;
            if (AcpiTables.IsSecondary(table))
            {
                return table;
            }
        }

        return default;
    }

    /// <summary>One of them by its number, as findings give it; empty where there is none.</summary>
    public Span<byte> this[int index]
    {
        get
        {
            int cursor = 0;
            Span<byte> table = Next(ref cursor);
            for (int i = 0; i < index && !table.IsEmpty; i++)
            {
                table = Next(ref cursor);
            }

            return table;
        }
    }

    /// <summary>Reads all of them, both passes.</summary>
    public void Read(ref AmlScanner scanner)
    {
        int cursor = 0;
        for (Span<byte> table = Next(ref cursor); !table.IsEmpty; table = Next(ref cursor))
        {
            scanner.Collect(table);
        }

        cursor = 0;
        for (Span<byte> table = Next(ref cursor); !table.IsEmpty; table = Next(ref cursor))
        {
            scanner.Find(table);
        }

        scanner.Finish();
    }
}
