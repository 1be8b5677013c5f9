using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class FadtTests
{
    [Fact]
    public void The_fields_of_real_machines_are_read_as_they_are()
    {
        int machines = 0;
        foreach (string[] row in RealTables.Rows("facp.tsv"))
        {
            Fadt fadt = new(Table(row));
            Assert.True(fadt.IsValid);
            Assert.Equal(Hex(row[3]), fadt.FirmwareControl);
            Assert.Equal(Hex(row[15]), fadt.ExtendedFirmwareControl);
            Assert.Equal(Hex(row[16]) is not 0 and ulong wide ? wide : Hex(row[4]), fadt.Dsdt);
            Assert.Equal(Hex(row[5]), fadt.SmiCommand);
            Assert.Equal(row[17] == "-" ? Hex(row[8]) : Hex(row[17].Split(':')[4]), fadt.Pm1aControl.Address); // three have it in the extended field alone
            Assert.True(fadt.Pm1aControl.IsPort);
            Assert.Equal(Hex(row[9]) != 0, fadt.Pm1bControl.IsUsable);
            Assert.Equal(2, fadt.Pm1ControlLength);
            Assert.Equal(Hex(row[12]), (ulong)fadt.Flags);
            bool canReset = (Hex(row[12]) & (1 << 10)) != 0;
            Assert.Equal(canReset ? Hex(row[13].Split(':')[4]) : 0, fadt.ResetRegister.Address);
            Assert.Equal(row[14] == "-" ? 0 : byte.Parse(row[14], CultureInfo.InvariantCulture), fadt.ResetValue);
            Assert.False(fadt.IsHardwareReduced);
            Assert.False(fadt.SleepControl.IsUsable);
            machines++;
        }

        Assert.Equal(120, machines);
    }

    [Fact]
    public void A_table_of_ACPI_1_has_no_extended_fields_and_its_reserved_bytes_mean_nothing()
    {
        byte[] table = New(116, 1);
        table[55] = 0x77;
        table[95] = 0x88;
        Put32(table, 36, 0x1000_0000);
        Put32(table, 40, 0x2000_0000);
        Put32(table, 48, 0xB2);
        Put32(table, 64, 0x404);
        Put32(table, 68, 0x504);
        table[52] = 1;
        table[53] = 2;
        table[54] = 3;
        table[89] = 2;
        Fadt fadt = new(table);
        Assert.True(fadt.IsValid);
        Assert.Equal((0x1000_0000u, 0ul, 0x2000_0000ul), (fadt.FirmwareControl, fadt.ExtendedFirmwareControl, fadt.Dsdt));
        Assert.Equal((0xB2, 1, 2, 3), (fadt.SmiCommand, fadt.AcpiEnable, fadt.AcpiDisable, fadt.S4BiosRequest));
        Assert.Equal((0, 0), (fadt.PStateControl, fadt.CStateControl));
        Assert.Equal((true, 0x404ul, 16), (fadt.Pm1aControl.IsPort, fadt.Pm1aControl.Address, fadt.Pm1aControl.BitWidth));
        Assert.Equal(0x504ul, fadt.Pm1bControl.Address);
        Assert.False(fadt.ResetRegister.IsUsable);
    }

    [Fact]
    public void An_extended_register_counts_where_it_can_be_one()
    {
        byte[] table = New(276, 6);
        Put32(table, 64, 0x404);
        Put32(table, 68, 0x504);
        PutRegister(table, 172, 0, 32, 0xFED8_0804);
        Assert.Equal((false, AddressSpaceId.SystemMemory, 0xFED8_0804ul), (Pm1a(table).IsPort, Pm1a(table).Space, Pm1a(table).Address));
        PutRegister(table, 172, 1, 16, 0x1804);
        Assert.Equal((true, 0x1804ul), (Pm1a(table).IsPort, Pm1a(table).Address));
        PutRegister(table, 172, 1, 16, 0x1_0804); // no port has this number
        Assert.Equal(0x404ul, Pm1a(table).Address);
        PutRegister(table, 172, 1, 16, 0);
        Assert.Equal(0x404ul, Pm1a(table).Address);
        PutRegister(table, 172, 0x7F, 16, 0x1804);
        Assert.Equal(0x404ul, Pm1a(table).Address);
        Assert.Equal(0x504ul, new Fadt(table).Pm1bControl.Address);
        Assert.Equal(0x404ul, Pm1a(table[..183]).Address); // ends within the extended field
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(4, 4)]
    [InlineData(5, 2)]
    [InlineData(255, 2)]
    public void The_length_of_the_control_registers_is_one_that_is_possible(byte said, int taken)
    {
        byte[] table = New(244, 4);
        table[89] = said;
        Assert.Equal(taken, new Fadt(table).Pm1ControlLength);
    }

    [Fact]
    public void Sleep_registers_count_on_hardware_reduced_machines_only()
    {
        byte[] table = New(276, 6);
        PutRegister(table, 244, 1, 8, 0x1804);
        PutRegister(table, 256, 0, 8, 0xFED0_0001);
        Assert.False(new Fadt(table).SleepControl.IsUsable);
        Put32(table, 112, 1 << 20);
        Fadt fadt = new(table);
        Assert.True(fadt.IsHardwareReduced);
        Assert.Equal(0x1804ul, fadt.SleepControl.Address);
        Assert.Equal(0xFED0_0001ul, fadt.SleepStatus.Address);
        Assert.False(new Fadt(table.AsSpan(0, 255)).SleepControl.IsUsable);
    }

    [Fact]
    public void A_reset_register_counts_where_the_flags_say_so()
    {
        byte[] table = New(244, 3);
        PutRegister(table, 116, 1, 8, 0xCF9);
        table[128] = 6;
        Assert.False(new Fadt(table).ResetRegister.IsUsable);
        Put32(table, 112, 1 << 10);
        Assert.Equal((0xCF9ul, 6), (new Fadt(table).ResetRegister.Address, new Fadt(table).ResetValue));
    }

    [Fact]
    public void No_length_is_read_beyond()
    {
        byte[] whole = new byte[300];
        new Random(5).NextBytes(whole);
        "FACP"u8.CopyTo(whole);
        for (int length = 0; length <= whole.Length; length++)
        {
            Fadt fadt = new(whole.AsSpan(0, length));
            Assert.Equal(length >= 112, fadt.IsValid);
            _ = fadt.Flags;
            _ = fadt.Dsdt + fadt.FirmwareControl + fadt.ExtendedFirmwareControl + fadt.SmiCommand;
            _ = fadt.Pm1aControl.Address + fadt.Pm1bControl.Address + fadt.SleepControl.Address + fadt.SleepStatus.Address + fadt.ResetRegister.Address;
            _ = fadt.AcpiEnable + fadt.AcpiDisable + fadt.S4BiosRequest + fadt.PStateControl + fadt.CStateControl + fadt.ResetValue + fadt.Pm1ControlLength;
        }
    }

    private static GenericAddress Pm1a(byte[] table) => new Fadt(table).Pm1aControl;

    private static byte[] New(int length, byte revision)
    {
        byte[] table = new byte[length];
        Encoding.ASCII.GetBytes("FACP").CopyTo(table, 0);
        Put32(table, 4, (uint)length);
        table[8] = revision;
        return table;
    }

    /// <summary>A table with the fields of a line of the list.</summary>
    private static byte[] Table(string[] row)
    {
        byte[] table = New(int.Parse(row[2], CultureInfo.InvariantCulture), byte.Parse(row[1], CultureInfo.InvariantCulture));
        int[] offsets = [36, 40, 48, 56, 60, 64, 68, 76];
        foreach ((int offset, string field) in offsets.Zip(row.Skip(3)))
        {
            Put32(table, offset, (uint)Hex(field));
        }

        table[89] = byte.Parse(row[11], CultureInfo.InvariantCulture);
        Put32(table, 112, (uint)Hex(row[12]));
        PutRegister(table, 116, row[13]);
        if (row[14] != "-")
        {
            table[128] = byte.Parse(row[14], CultureInfo.InvariantCulture);
        }

        if (row[15] != "-")
        {
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(132), Hex(row[15]));
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(140), Hex(row[16]));
        }

        PutRegister(table, 172, row[17]);
        PutRegister(table, 244, row[18]);
        return table;
    }

    private static void PutRegister(byte[] table, int offset, string text)
    {
        if (text != "-")
        {
            string[] parts = text.Split(':');
            PutRegister(table, offset, byte.Parse(parts[0], CultureInfo.InvariantCulture), byte.Parse(parts[1], CultureInfo.InvariantCulture), Hex(parts[4]));
        }
    }

    private static void PutRegister(byte[] table, int offset, byte space, byte width, ulong address)
    {
        table[offset] = space;
        table[offset + 1] = width;
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(offset + 4), address);
    }

    private static void Put32(byte[] table, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(offset), value);

    private static ulong Hex(string text) => text == "-" ? 0 : ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
