using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>The XSDT, or the RSDT where there is none: the addresses of all tables (ACPI 6.5 §5.2.7, §5.2.8).</summary>
public readonly ref struct TableList
{
    /// <summary>Most entries that are looked at; machines in use have less than a hundred.</summary>
    public const int MostEntries = 512;

    private readonly ReadOnlySpan<byte> _table;
    private readonly bool _isWide;

    /// <summary>Looks at a list.</summary>
    /// <param name="table">XSDT or RSDT with its header, cut to its length. Anything else is an empty list.</param>
    public TableList(ReadOnlySpan<byte> table)
    {
        _isWide = AcpiTables.Has(table, "XSDT"u8);
        _table = (_isWide || AcpiTables.Has(table, "RSDT"u8)) && table.Length >= AcpiTables.HeaderSize ? table : default;
    }

    /// <summary>Whether it is one.</summary>
    public bool IsValid => !_table.IsEmpty;

    /// <summary>Bytes of an entry.</summary>
    public int EntrySize => _isWide ? sizeof(ulong) : sizeof(uint);

    /// <summary>Number of entries, 512 at most; a rest that is too short for one does not count.</summary>
    public int Count => IsValid ? Math.Min((_table.Length - AcpiTables.HeaderSize) / EntrySize, MostEntries) : 0;

    /// <summary>Physical address of a table; 0 in an entry that names none.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public ulong this[int index] => _isWide
        ? AcpiTables.Read64(_table, AcpiTables.HeaderSize + (index * sizeof(ulong)))
        : AcpiTables.Read32(_table, AcpiTables.HeaderSize + (index * sizeof(uint)));
}
