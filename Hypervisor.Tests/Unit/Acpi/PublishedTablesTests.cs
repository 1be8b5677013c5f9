using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Acpi;
using Hypervisor.Guests.AcpiTables.Tables;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>The tables that acpi.efi publishes on Bochs, read as an OS reads them: from the root pointer on.</summary>
public class PublishedTablesTests
{
    private const uint Address = 0x1000_0000;
    private const uint Facs = 0x1100_0000;
    private const uint PciMemory = 0x8000_0000;
    private static readonly byte[] _apicIds = [0, 1, 4];
    private readonly byte[] _memory = new byte[TableSet.Capacity];

    public PublishedTablesTests()
    {
        TableSet.Write(_memory, Address, Facs, new MachineDescription(_apicIds, 7, PciMemory));
    }

    [Fact]
    public void The_root_pointer_is_valid_for_both_versions()
    {
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(_memory, 0, 8));
        Assert.Equal(0, Sum(_memory.AsSpan(0, AcpiTables.RootPointerSize)));
        Assert.Equal(0, Sum(_memory.AsSpan(0, AcpiTables.ExtendedRootPointerSize)));
    }

    [Fact]
    public void Both_lists_name_the_same_tables()
    {
        uint[] expected = [Place("FACP"), Place("APIC")];
        ReadOnlySpan<byte> rsdt = Table(AcpiTables.Rsdt(_memory));
        ReadOnlySpan<byte> xsdt = Table((uint)AcpiTables.Xsdt(_memory));
        uint[] narrow = [AcpiTables.Read32(rsdt, 36), AcpiTables.Read32(rsdt, 40)];
        ulong[] wide = [AcpiTables.Read64(xsdt, 36), AcpiTables.Read64(xsdt, 44)];
        Assert.Equal(expected, narrow);
        Assert.Equal(expected.Select(place => (ulong)place), wide);
        Assert.Equal((44, 52), (rsdt.Length, xsdt.Length));
    }

    [Theory]
    [InlineData("FACP", 244)]
    [InlineData("APIC", 44 + (3 * 8) + 12 + (2 * 10) + 6)]
    [InlineData("DSDT", 0)]
    [InlineData("RSDT", 44)]
    [InlineData("XSDT", 52)]
    public void Every_table_has_its_length_and_adds_up_to_zero(string signature, int length)
    {
        ReadOnlySpan<byte> table = Table(Place(signature));
        Assert.Equal(0, Sum(table));
        if (length != 0)
        {
            Assert.Equal(length, table.Length);
        }
    }

    [Fact]
    public void The_hypervisor_finds_the_processors_in_them()
    {
        uint[] found = new uint[8];
        int count = ProcessorList.Read(Table(Place("APIC")), found);
        Assert.Equal(_apicIds.Select(id => (uint)id), found.Take(count));
    }

    [Fact]
    public void The_fixed_hardware_is_the_chipsets()
    {
        ReadOnlySpan<byte> fadt = Table(Place("FACP"));
        Assert.Equal(Facs, AcpiTables.Read32(fadt, 36));
        Assert.Equal(Place("DSDT"), AcpiTables.Read32(fadt, 40));
        Assert.Equal(9, AcpiTables.Read16(fadt, 46)); // SCI_INT
        Assert.Equal(0xB2u, AcpiTables.Read32(fadt, 48)); // SMI_CMD
        Assert.Equal(0xB000u, AcpiTables.Read32(fadt, 56)); // PM1a_EVT_BLK
        Assert.Equal(0xB004u, AcpiTables.Read32(fadt, 64)); // PM1a_CNT_BLK
        Assert.Equal(0xB008u, AcpiTables.Read32(fadt, 76)); // PM_TMR_BLK
        Assert.Equal(1u << 10, AcpiTables.Read32(fadt, 112) & (1 << 10)); // RESET_REG_SUP
        Assert.Equal(0xCF9ul, AcpiTables.Read64(fadt, 120));
        Assert.Equal(6, fadt[128]);
        Assert.Equal((ulong)Place("DSDT"), AcpiTables.Read64(fadt, 140));
        Assert.Equal(0xB004ul, AcpiTables.Read64(fadt, 176)); // X_PM1a_CNT_BLK
    }

    [Fact]
    public void The_byte_code_is_well_nested_and_its_lengths_meet()
    {
        byte[] code = Table(Place("DSDT"))[AcpiTables.HeaderSize..].ToArray();
        List<string> names = [];
        Assert.Equal(code.Length, AmlReader.ReadTerms(code, 0, code.Length, names));
        Assert.Equal(["\\_S5_", "\\_SB_", "PCI0", "_HID", "_ADR", "_CRS", "_PRT"], names);
    }

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }

    private uint Place(string signature)
    {
        byte[] text = Encoding.ASCII.GetBytes(signature);
        for (int offset = 0; offset < _memory.Length; offset += 16)
        {
            if (_memory.AsSpan(offset).StartsWith(text))
            {
                return Address + (uint)offset;
            }
        }

        throw new InvalidOperationException($"There is no {signature}.");
    }

    private ReadOnlySpan<byte> Table(uint address)
    {
        ReadOnlySpan<byte> header = _memory.AsSpan((int)(address - Address));
        return header[..(int)AcpiTables.Length(header)];
    }
}
