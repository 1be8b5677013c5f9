using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.Acpi.Aml;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class TableEditsTests
{
    private const ulong Start = 0x7F00_0000;

    [Fact]
    public void Renamed_states_are_gone_and_nothing_else_is_in_all_real_tables()
    {
        int renamed = 0;
        foreach (string file in RealTables.Dsdts)
        {
            byte[] original = RealTables.File(file);
            byte[] memory = FakeTableMemory.Build(Start, true, Fadt(), original);
            byte sum = AcpiTables.Sum(original);
            AmlReading before = AmlReading.Of(original);
            int count = Edit(memory, (ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner) => TableEdits.Rename(tables, ref scanner, SleepStates.LosesHost));
            byte[] edited = Finder(memory).FindDsdt().ToArray();
            AmlReading after = AmlReading.Of(edited);
            Assert.Equal(before.Definitions.Count(definition => definition.State is 2 or 3), count);
            Assert.Equal(("-", "-", sum), (after.State(2), after.State(3), AcpiTables.Sum(edited)));
            foreach (int state in new[] { 0, 1, 4, 5 })
            {
                Assert.Equal(before.State(state), after.State(state));
            }

            Assert.Equal(count + (count == 0 ? 0 : 1), Different(original, edited)); // a letter for each, and the checksum
            renamed += count;
        }

        Assert.InRange(renamed, 104, 200);
    }

    [Fact]
    public void A_name_that_is_taken_is_not_used()
    {
        byte[] dsdt = FakeTableMemory.Table("DSDT", [0x08, .. "XS3_"u8, 0x00, 0x08, .. "YS3_"u8, 0x00, 0x08, .. "_S3_"u8, 0x12, 6, 2, 0x0A, 5, 0x0A, 5]);
        byte[] memory = FakeTableMemory.Build(Start, true, Fadt(), dsdt);
        Assert.Equal(1, Edit(memory, (ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner) => TableEdits.Rename(tables, ref scanner, SleepStates.S3)));
        Assert.Equal("ZS3_"u8, Finder(memory).FindDsdt().Slice(AcpiTables.HeaderSize + 13, 4));
    }

    [Fact]
    public void States_of_every_table_are_renamed()
    {
        byte[] memory = FakeTableMemory.Build(
            Start, false, Fadt(), RealTables.File("tricky/tricky1.aml"), RealTables.File("tricky/tricky3.aml"), RealTables.File("tricky/tricky2.aml"));
        // The last of the two DSDTs is the one that is named.
        Assert.Equal(4, Edit(memory, (ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner) => TableEdits.Rename(tables, ref scanner, SleepStates.LosesHost)));
        Assert.Equal(0, Edit(memory, (ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner) => TableEdits.Rename(tables, ref scanner, SleepStates.LosesHost)));
    }

    [Theory]
    [InlineData(0x3F8, new[] { 0, 1 })] // the port in question, and one whose place is computed
    [InlineData(0x2F8, new[] { 1 })]
    public void Methods_that_switch_the_hosts_serial_port_off_do_nothing_any_more(ushort port, int[] filled)
    {
        byte[] original = RealTables.File("tricky/tricky1.aml");
        byte[] memory = FakeTableMemory.Build(Start, true, Fadt(), original);
        DisableMethod[] methods = [.. AmlReading.Of(original).DisableMethods];
        Assert.Equal(filled.Length, Edit(memory, (ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner) => TableEdits.KeepSerialPortOn(tables, ref scanner, port)));
        byte[] edited = Finder(memory).FindDsdt().ToArray();
        Assert.Equal(AcpiTables.Sum(original), AcpiTables.Sum(edited));
        for (int i = 0; i < methods.Length; i++)
        {
            Span<byte> body = edited.AsSpan(methods[i].Offset, methods[i].Length);
            Assert.Equal(filled.Contains(i), !body.ContainsAnyExcept((byte)0xA3));
        }

        Assert.Equal(AmlProblems.None, AmlReading.Of(edited).Problems);
        int changed = filled.Sum(i => methods[i].Length);
        Assert.InRange(Different(original, edited), 1, changed + 1);
    }

    [Fact]
    public void A_hidden_table_is_found_by_nobody_and_adds_up_as_before()
    {
        byte[] memory = FakeTableMemory.Build(Start, true, FakeTableMemory.Table("APIC", 1), FakeTableMemory.Table("DMAR", 2), FakeTableMemory.Table("IVRS", 3));
        Assert.True(TableEdits.Hide(Finder(memory).Find("DMAR"u8)));
        Assert.True(Finder(memory).Find("DMAR"u8).IsEmpty);
        Assert.Equal(3, Finder(memory).Find("IVRS"u8)[36]);
        Assert.True(AcpiTables.HasGoodChecksum(Finder(memory).Find("xMAR"u8)));
        Assert.Equal(3, Finder(memory).Tables.Count);
        Assert.False(TableEdits.Hide(default));
    }

    private delegate int Change(ByteCodeTables<FakeTableMemory> tables, ref AmlScanner scanner);

    private static int Edit(byte[] memory, Change change)
    {
        ByteCodeTables<FakeTableMemory> tables = new(Finder(memory));
        AmlScanner scanner = new(new AmlWorkspace
        {
            Names = new AmlNode[AmlWorkspace.NamesFor(tables.TotalLength)],
            Frames = new AmlFrame[AmlWorkspace.UsualDepth],
            SleepDefinitions = new SleepDefinition[AmlWorkspace.UsualFindings],
            SerialDevices = new SerialDevice[AmlWorkspace.UsualFindings],
            DisableMethods = new DisableMethod[AmlWorkspace.UsualFindings],
        });
        tables.Read(ref scanner);
        return change(tables, ref scanner);
    }

    private static TableFinder<FakeTableMemory> Finder(byte[] memory) => new(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36));

    private static byte[] Fadt() => FakeTableMemory.Table("FACP", new byte[116 - 36]);

    private static int Different(IEnumerable<byte> first, IEnumerable<byte> second) => first.Zip(second).Count(pair => pair.First != pair.Second);
}
