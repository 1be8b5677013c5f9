using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>Finds tables in physical memory, beginning with the root pointer (ACPI 6.5 §5.2.5).</summary>
/// <typeparam name="TMemory">How physical memory is reached.</typeparam>
/// <remarks>
/// Whatever cannot be a table is passed over: an address that is not in memory, a length that is too short or too long. A bad checksum is
/// not: operating systems use such tables.
/// </remarks>
public readonly ref struct TableFinder<TMemory>
    where TMemory : struct, ITableMemory, allows ref struct
{
    private readonly TMemory _memory;
    private readonly Span<byte> _list;

    /// <summary>Takes the XSDT that a root pointer names, or the RSDT.</summary>
    /// <param name="memory">Physical memory.</param>
    /// <param name="rootPointer">The root pointer.</param>
    /// <param name="isNarrow">The RSDT even where there is an XSDT.</param>
    public TableFinder(TMemory memory, ReadOnlySpan<byte> rootPointer, bool isNarrow = false)
    {
        _memory = memory;
        _list = isNarrow ? default : Table(memory, AcpiTables.Xsdt(rootPointer));
        if (!new TableList(_list).IsValid)
        {
            _list = Table(memory, AcpiTables.Rsdt(rootPointer));
        }
    }

    /// <summary>The list of tables.</summary>
    public TableList Tables => new(_list);

    /// <summary>The first table of a signature; empty where there is none.</summary>
    public Span<byte> Find(ReadOnlySpan<byte> signature)
    {
        TableList tables = Tables;
        for (int i = 0; i < tables.Count; i++)
        {
            Span<byte> table = Table(tables[i]);
            if (AcpiTables.Has(table, signature))
            {
                return table;
            }
        }

        return default;
    }

    /// <summary>The DSDT that the FADT names; empty where there is none.</summary>
    public Span<byte> FindDsdt()
    {
        Span<byte> table = Table(new Fadt(Find("FACP"u8)).Dsdt);
        return AcpiTables.Has(table, "DSDT"u8) ? table : default;
    }

    /// <summary>The table at an address, cut to its length; empty where there is none.</summary>
    public Span<byte> Table(ulong address) => Table(_memory, address);

    private static Span<byte> Table(TMemory memory, ulong address)
    {
        if (address == 0)
        {
            return default;
        }

        uint length = AcpiTables.Length(memory.Map(address, AcpiTables.HeaderSize));
        return length is 0 or > AcpiTables.LargestTable ? default : memory.Map(address, (int)length);
    }
}
