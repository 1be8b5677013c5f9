using System;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.Acpi.Aml;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>Byte code written by hand: every form that sleep states and serial ports can have, and what is wrong with tables (M21).</summary>
public class AmlScannerTests
{
    private static readonly byte[] _s5 = Name("_S5_", Package(Byte(7), Byte(7)));

    [Fact]
    public void Numbers_of_every_size_are_read()
    {
        AmlReading reading = Read(
            Name("_S0_", Package([0x00], [0x01])),
            Name("_S1_", Package([0x0A, 0x12], [0x0B, 0x34, 0x12])),
            Name("_S2_", Package([0x0C, 0x56, 1, 2, 3], [0x0E, 0x78, 1, 2, 3, 4, 5, 6, 7])),
            Name("_S3_", Package([0xFF], [0x0A, 5], Text("x"))));
        Assert.Equal("0,1 18,52 86,120 255,5 - -", States(reading));
        Assert.Equal(AmlProblems.None, reading.Problems);
    }

    [Fact]
    public void A_single_element_holds_both_values()
    {
        Assert.Equal("- - - - - 7,6", States(Read(Name("_S5_", Package([0x0B, 7, 6])))));
    }

    [Fact]
    public void What_is_no_constant_leaves_the_value_open()
    {
        AmlReading reading = Read(
            Name("VAL0", Byte(5)),
            Name("_S0_", Package()),
            Name("_S1_", Package(Letters("VAL0"), Letters("VAL0"))),
            Name("_S2_", Package(Byte(6), [0x00])),
            Name("_S3_", Package(Letters("NONE"), Byte(1))),
            Name("_S4_", Byte(3)),
            Name("_S5_", [0x12, 4, 2, 0x0A, 9])); // two elements, a value for one
        Assert.Equal("? 5,5? 6,0 ? ? 9,0?", States(reading));
    }

    [Fact]
    public void A_package_of_variable_length_is_read_where_the_length_is_a_constant()
    {
        Assert.Equal("- - - 5,4 - ?", States(Read(
            Name("_S3_", [0x13, 7, 0x0A, 2, 0x0A, 5, 0x0A, 4]),
            Name("_S5_", [0x13, 8, 0x72, 0x01, 0x01, 0x00, 0x0A, 7]))));
    }

    [Theory]
    [InlineData("_S3_", "-")]
    [InlineData("\\_S3_", "1,2")]
    [InlineData("^_S3_", "1,2")]
    [InlineData("^^_S3_", "-")] // above the root there is nothing
    public void Only_names_at_the_root_count(string path, string expected)
    {
        byte[] named = Name(path, Package(Byte(1), Byte(2)));
        Assert.Equal(expected, Read(Device("DEV0", named)).State(3));
        Assert.Equal(path == "_S3_" ? "1,2" : expected, Read(Device("DEV0", Scope("\\", path == "^_S3_" ? Name("_S3_", Package(Byte(1), Byte(2))) : named))).State(3));
    }

    [Fact]
    public void Paths_of_several_names_lead_where_they_say()
    {
        byte[] dual = [0x08, (byte)'\\', 0x2E, .. Letters("_SB_"), .. Letters("_S3_"), .. Package(Byte(1), Byte(1))];
        byte[] multi = [0x08, (byte)'\\', 0x2F, 1, .. Letters("_S4_"), .. Package(Byte(2), Byte(2))];
        byte[] up = [0x10, .. Sized([(byte)'\\', 0x2E, .. Letters("_SB_"), .. Letters("PCI0"), 0x08, (byte)'^', (byte)'^', .. Letters("_S5_"), .. Package(Byte(3), Byte(3))])];
        Assert.Equal("- - - - 2,2 3,3", States(Read(dual, multi, up)));
    }

    [Fact]
    public void Definitions_under_conditions_count_with_all_their_values()
    {
        AmlReading reading = Read(
            If([0x01], Name("_S1_", Package(Byte(1), Byte(1)))),
            Else(Name("_S1_", Package(Byte(2), Byte(2)))),
            While([0x00], Name("_S2_", Package(Byte(3), Byte(3)))),
            If([0x00], If([0x93, .. Letters("FLAG"), 0x01], Name("_S3_", Package(Byte(5), Byte(5))))),
            Name("_S3_", Package(Byte(5), Byte(5))),
            If(Letters("FLAG"), Name("_S4_", Package(Byte(6), Byte(6)))));
        Assert.Equal("- if 1,1|2,2 if 3,3 5,5 if 6,6 -", States(reading));
        Assert.Equal(["_S3_", "_S3_"], reading.NamesOf(3));
        Assert.Equal(AmlProblems.None, reading.Problems);
    }

    [Fact]
    public void More_values_than_there_is_room_for_leave_the_state_open()
    {
        AmlReading reading = Read([.. Enumerable.Range(1, 6).Select(i => If([0x01], Name("_S3_", Package(Byte((byte)i), Byte(0)))))]);
        Assert.Equal("if 1,0|2,0|3,0|4,0?", reading.State(3));
        Assert.Equal(6, reading.Definitions.Count);
    }

    [Fact]
    public void A_method_in_the_place_of_a_package_counts_with_what_it_gives_back()
    {
        AmlReading reading = Read(
            Name("PKG0", Package(Byte(3), Byte(3))),
            Method("_S3_", 0, [0xA0, .. Sized([.. Letters("FLAG"), 0xA4, .. Package(Byte(1), Byte(1))]), 0xA4, .. Package(Byte(2), Byte(2))]),
            Method("_S4_", 0, Name("PKG0", Package(Byte(9), Byte(9))), [0xA4, .. Letters("PKG0")]),
            Method("_S5_", 0, [0x70, 0x01, 0x60, 0xA4, 0x60]));
        Assert.Equal("- - - 1,1|2,2? 3,3? ?", States(reading));
    }

    [Fact]
    public void An_alias_stands_for_what_it_names_wherever_that_is()
    {
        AmlReading reading = Read(
            [0x06, .. Letters("LATE"), .. Letters("_S3_")],
            Name("LATE", Package(Byte(5), Byte(4))),
            [0x06, .. Letters("NONE"), .. Letters("_S4_")],
            [0x06, .. Letters("_S5_"), .. Letters("_S5_")]);
        Assert.Equal("- - - 5,4 ? ?", States(reading));
    }

    [Fact]
    public void Names_in_data_are_no_definitions()
    {
        byte[] decoy = Name("_S3_", Package(Byte(1), Byte(1)));
        AmlReading reading = Read(
            Name("BUF0", [0x11, .. Sized([0x0A, (byte)decoy.Length, .. decoy])]),
            Name("STR0", Text("\u0008_S3_\u0012\u0006\u0004")),
            Name("PKG0", Package(Byte(1), [0x11, .. Sized([0x0A, (byte)decoy.Length, .. decoy])])),
            Method("MTH0", 0, decoy));
        Assert.Equal("- - - - - -", States(reading));
    }

    [Fact]
    public void Calls_take_the_arguments_of_the_method_wherever_it_is_defined()
    {
        // If (FUNC (DATA, 1, 2)) { Name (_S3_ ...) }: with fewer arguments counted, the condition would end too early, and with more, inside the name.
        byte[] call = If([.. Letters("FUNC"), .. Letters("DATA"), 0x01, 0x0A, 2], Name("_S3_", Package(Byte(5), Byte(5))));
        byte[] function = Method("FUNC", 3, [0xA4, 0x68]);
        byte[] external = [0x15, .. Letters("FUNC"), 8, 3];
        foreach (byte[][] tables in new byte[][][]
        {
            [Table("DSDT", function, call)], [Table("DSDT", call, function)], [Table("DSDT", call), Table("SSDT", function)], [Table("DSDT", external, call)],
            [Table("DSDT", function), Table("SSDT", Device("DEV0", If([.. Letters("FUNC"), .. Letters("DATA"), 0x01, 0x0A, 2], [0x08, (byte)'\\', .. Letters("_S3_"), .. Package(Byte(5), Byte(5))])))],
        })
        {
            AmlReading reading = AmlReading.Of(tables);
            Assert.Equal("if 5,5", reading.State(3));
            Assert.Equal(AmlProblems.None, reading.Problems);
        }
    }

    [Fact]
    public void The_nearest_name_counts()
    {
        // Inside DEV0, FUNC is a field: no arguments. At the root it is a method with two.
        byte[] inner = Device("DEV0", Name("FUNC", [0x00]), If(Letters("FUNC"), [0x08, (byte)'\\', .. Letters("_S3_"), .. Package(Byte(1), Byte(1))]));
        byte[] outer = Device("DEV1", If([.. Letters("FUNC"), 0x01, 0x01], [0x08, (byte)'\\', .. Letters("_S4_"), .. Package(Byte(2), Byte(2))]));
        AmlReading reading = Read(Method("FUNC", 2, [0xA3]), inner, outer);
        Assert.Equal("- - - if 1,1 if 2,2 -", States(reading));
        Assert.Equal(AmlProblems.None, reading.Problems);
    }

    [Fact]
    public void Names_as_targets_are_no_calls()
    {
        byte[] method = Method("FUNC", 7, [0xA3]);
        byte[] statements = [0x5B, 0x12, .. Letters("FUNC"), 0x60, 0x70, 0x01, .. Letters("FUNC"), 0x71, .. Letters("FUNC"), 0x8E, .. Letters("FUNC"), 0x75, .. Letters("FUNC")];
        AmlReading reading = Read(method, statements, _s5);
        Assert.Equal("7,7", reading.State(5));
        Assert.Equal(AmlProblems.None, reading.Problems);
    }

    [Fact]
    public void The_operating_systems_method_takes_one_argument()
    {
        AmlReading reading = Read(If([.. Letters("_OSI"), .. Text("Windows 2009")], Name("_S3_", Package(Byte(5), Byte(5)))));
        Assert.Equal(("if 5,5", AmlProblems.None), (reading.State(3), reading.Problems));
    }

    [Theory]
    [InlineData(new byte[] { 0x01 })] // a lone One
    [InlineData(new byte[] { 0x00, 0xFF, 0x0A, 0x12, 0xA3, 0xA5, 0xCC })]
    [InlineData(new byte[] { 0x60, 0x6E, 0x5B, 0x31, 0x5B, 0x30 })]
    public void Stray_terms_are_passed_over(byte[] stray)
    {
        AmlReading reading = Read(stray, Device("DEV0", stray), If(stray[..1], stray), _s5, stray);
        Assert.Equal(("7,7", AmlProblems.None), (reading.State(5), reading.Problems));
    }

    [Theory]
    [InlineData(new byte[] { 0x03 })]
    [InlineData(new byte[] { 0x5B, 0x77 })]
    [InlineData(new byte[] { 0xD7, 0xD7, 0xD7 })]
    public void What_is_no_operation_is_passed_over_and_reported(byte[] rubbish)
    {
        AmlReading reading = Read(rubbish, _s5, Device("DEV0", rubbish));
        Assert.Equal(("7,7", AmlProblems.UnknownOperation), (reading.State(5), reading.Problems));
    }

    [Fact]
    public void An_expression_that_is_missing_does_not_take_the_next_statement()
    {
        // Add with one operand, then the name.
        AmlReading reading = Read([0x72, 0x01], _s5);
        Assert.Equal(("7,7", AmlProblems.Malformed), (reading.State(5), reading.Problems));
    }

    [Fact]
    public void A_length_that_goes_too_far_ends_with_what_holds_it()
    {
        byte[] broken = Device("DEV1", Name("_ADR", [0x00]));
        broken[2] = 0x3F;
        AmlReading reading = Read(Device("DEV0", broken), _s5);
        Assert.Equal(("7,7", AmlProblems.LengthTooLong), (reading.State(5), reading.Problems));
    }

    [Fact]
    public void A_length_that_is_too_short_is_reported_and_reading_goes_on()
    {
        byte[] broken = Device("DEV1", Name("_ADR", [0x00]));
        broken[2] = 0;
        AmlReading reading = Read(Device("DEV0", broken), _s5);
        Assert.Equal("7,7", reading.State(5));
        Assert.NotEqual(AmlProblems.None, reading.Problems);
    }

    [Fact]
    public void All_fields_are_read_and_their_names_known()
    {
        byte[] region = [0x5B, 0x80, .. Letters("REG0"), 1, 0x0B, 0x00, 0x04, 0x0A, 0x10];
        byte[] field = [0x5B, 0x81, .. Sized([.. Letters("REG0"), 1, .. Letters("FLD0"), 8, 0, 0x48, 0x01, 1, 5, 0, 3, 5, 0, 2,
            2, .. Letters("CONN"), 2, 0x11, 5, 0x0A, 2, 1, 2, .. Letters("FLD1"), 8])];
        byte[] index = [0x5B, 0x86, .. Sized([.. Letters("FLD0"), .. Letters("FLD1"), 1, .. Letters("FLD2"), 8])];
        byte[] bank = [0x5B, 0x87, .. Sized([.. Letters("REG0"), .. Letters("FLD2"), 0x72, 0x01, 0x01, 0x00, 1, .. Letters("FLD3"), 8])];
        AmlReading reading = Read(region, field, index, bank, _s5);
        Assert.Equal(("7,7", AmlProblems.None), (reading.State(5), reading.Problems));
        Assert.Equal(Read(_s5).NameCount + 5, reading.NameCount);
    }

    [Fact]
    public void Everything_that_defines_something_is_passed_over_whole()
    {
        byte[][] statements =
        [
            [0x5B, 0x01, .. Letters("MTX0"), 0], [0x5B, 0x02, .. Letters("EVT0")], [0x5B, 0x88, .. Letters("DTR0"), .. Text("A"), .. Text("B"), .. Text("C")],
            [0x5B, 0x83, .. Sized([.. Letters("CPU0"), 0, 0x10, 4, 0, 0, 6, .. Name("_UID", [0x01])])],
            [0x5B, 0x84, .. Sized([.. Letters("PWR0"), 0, 0, 0, .. Method("_ON_", 0)])], [0x5B, 0x85, .. Sized([.. Letters("TZ00"), .. Method("_TMP", 0)])],
            [0x8A, .. Letters("BUF0"), 0x00, .. Letters("DWF0")], [0x8D, .. Letters("BUF0"), 0x0A, 3, .. Letters("BIT0")],
            [0x5B, 0x13, .. Letters("BUF0"), 0x00, 0x0A, 9, .. Letters("CRF0")], [0x86, .. Letters("CPU0"), 0x01], [0x5B, 0x20, .. Letters("BUF0"), 0x60],
            [0x5B, 0x1F, .. Text("OEM1"), 0x00, 0x00, 0x00, 0x00, 0x00], [0x89, .. Letters("PKG0"), 1, 0x00, 2, 0x01, 0x00], [0x5B, 0x32, 1, 1, 2, 3, 4, 0x00],
            [0x5B, 0x23, .. Letters("MTX0"), 0xFF, 0xFF], [0x5B, 0x27, .. Letters("MTX0")], [0x5B, 0x25, .. Letters("EVT0"), 0x01], [0x92, 0x93, 0x01, 0x00],
            [0x78, 0x0A, 8, 0x0A, 3, 0x60, 0x61], [0x9E, .. Text("abc"), 0x00, 0x01, 0x00], [0x88, .. Letters("PKG0"), 0x00, 0x00], [0x9D, 0x01, 0x60],
        ];
        AmlReading reading = Read([.. statements.SelectMany(statement => new[] { statement, _s5 })]);
        Assert.Equal((statements.Length, AmlProblems.None), (reading.Definitions.Count, reading.Problems));
    }

    [Fact]
    public void Nesting_deeper_than_there_is_room_for_is_passed_over()
    {
        byte[] nested = _s5;
        for (int i = 0; i < 40; i++)
        {
            nested = If([0x01], nested);
        }

        byte[] table = Table("DSDT", nested, Name("_S4_", Package(Byte(6), Byte(6))));
        Assert.Equal("- - - - 6,6 if 7,7", States(AmlReading.Of(table)));
        AmlReading shallow = AmlReading.With(100, 16, table);
        Assert.Equal(("- - - - 6,6 -", AmlProblems.TooDeep), (States(shallow), shallow.Problems));
    }

    [Fact]
    public void With_too_little_memory_for_names_states_at_the_root_are_found_all_the_same()
    {
        byte[] table = Table("DSDT", [.. Enumerable.Range(0, 50).Select(i => Name($"N{i:D3}", [0x01])), _s5]);
        AmlReading reading = AmlReading.With(16, 16, table);
        Assert.Equal(("7,7", AmlProblems.TooManyNames), (reading.State(5), reading.Problems));
        Assert.Equal("7,7", AmlReading.With(1, 16, table).State(5));
        Assert.Equal(AmlProblems.TooManyNames, AmlReading.With(1, 16, table).Problems);
        Assert.Equal("-", AmlReading.With(0, 0, table).State(5));
    }

    [Fact]
    public void Serial_ports_are_found_with_ports_and_methods()
    {
        byte[] resources = [0x11, .. Sized([0x0A, 13, 0x47, 1, 0xF8, 3, 0xF8, 3, 1, 8, 0x22, 0x10, 0, 0x79, 0])];
        byte[] fixedPort = [0x11, .. Sized([0x0A, 6, 0x4B, 0xE8, 2, 8, 0x79, 0])];
        byte[] id = [0x0C, 0x41, 0xD0, 5, 1];
        byte[] body = [0x70, 0x00, 0x60, 0x70, 0x01, 0x61];
        AmlReading reading = Read(
            Device("UAR1", Method("_DIS", 0, body), Name("_HID", id), Name("_CRS", resources)),
            Device("UAR2", Name("_HID", Text("PNP0501")), If([0x01], Method("_DIS", 0, body)), Else(Method("_DIS", 0, body, body)), Name("_CRS", fixedPort)),
            Device("UAR3", Name("_HID", Text("ABC0001")), Name("_CID", Package(Text("XYZ0001"), id)), Name("BUF0", resources), Method("_CRS", 0, [0xA4, .. Letters("BUF0")])),
            Device("UAR4", Method("_HID", 0, [0xA0, .. Sized([0x01, 0xA4, 0x01])], [0xA4, .. id]), Method("_DIS", 0)),
            Device("LPT1", Name("_HID", [0x0C, 0x41, 0xD0, 4, 0]), Method("_DIS", 0, body)),
            Scope("UAR3", Method("_DIS", 0, body)));
        Assert.Equal(["\\UAR1 3F8", "\\UAR2 2E8", "\\UAR3 3F8", "\\UAR4 0"], reading.SerialPorts.Select(port => $"{port.Path} {port.Device.IoBase:X}"));
        Assert.Equal([(0, 6), (1, 6), (1, 12), (2, 6), (3, 0)], reading.DisableMethods.OrderBy(method => (method.Device, method.Length)).Select(method => (method.Device, method.Length)));
        byte[] whole = Table("DSDT", Device("UAR1", Method("_DIS", 0, body), Name("_HID", id)));
        DisableMethod found = AmlReading.Of(whole).DisableMethods.Single();
        Assert.Equal(body, whole.AsSpan(found.Offset, found.Length).ToArray());
    }

    [Theory]
    [InlineData("PNP0501", EisaId.Uart16550)]
    [InlineData("*PNP0501", EisaId.Uart16550)]
    [InlineData("PNP0500", EisaId.Uart8250)]
    [InlineData("pnp0501", 0)]
    [InlineData("PNP050", 0)]
    [InlineData("PNP05012", 0)]
    [InlineData("PNP05G1", 0)]
    [InlineData("", 0)]
    public void Identifiers_are_packed_as_the_standard_does(string text, uint packed)
    {
        Assert.Equal(packed, EisaId.Pack(Encoding.ASCII.GetBytes(text)));
    }

    [Fact]
    public void Small_tables_that_show_one_difficulty_each()
    {
        Assert.Equal("0,0 1,1 2,2 5,5 6,6 7,255", States(AmlReading.Of(RealTables.File("tricky/tricky1.aml"))));
        AmlReading second = AmlReading.Of(RealTables.File("tricky/tricky2.aml"));
        Assert.Equal("0,0 if 1,0 if 2,2 if 5,0|5,5 6,0|255,0? 7,0", States(second));
        Assert.Equal("- 1,1 2,0 - - -", States(AmlReading.Of(RealTables.File("tricky/tricky3.aml"))));
        Assert.Equal("0,0 1,1 2,2|2,0 5,5 6,6 7,255", States(AmlReading.Of(RealTables.File("tricky/tricky1.aml"), RealTables.File("tricky/tricky3.aml"))));
        Assert.Equal(["\\_SB_.PCI0.UAR1 3F8", "\\_SB_.PCI0.UAR2 0"], AmlReading.Of(RealTables.File("tricky/tricky1.aml")).SerialPorts.Select(port => $"{port.Path} {port.Device.IoBase:X}"));
    }

    [Fact]
    public void More_tables_than_can_be_told_apart_are_left_out()
    {
        byte[] last = Table("SSDT", _s5);
        AmlReading reading = AmlReading.Of([.. Enumerable.Repeat(Table("SSDT"), 256), last]);
        Assert.Equal(("-", AmlProblems.TooManyTables), (reading.State(5), reading.Problems));
    }

    [Fact]
    public void A_free_name_is_one_that_no_table_has_at_the_root()
    {
        byte[] table = Table("DSDT", Name("XS3_", [0x00]), Device("DEV0", Name("YS3_", [0x00])));
        AmlScanner scanner = new(new AmlWorkspace
        {
            Names = new AmlNode[64],
            Frames = new AmlFrame[16],
            SleepDefinitions = new SleepDefinition[4],
            SerialDevices = default,
            DisableMethods = default,
        });
        scanner.Collect(table);
        Assert.False(scanner.IsFreeAtRoot(AcpiTables.Read32("XS3_"u8, 0)));
        Assert.True(scanner.IsFreeAtRoot(AcpiTables.Read32("YS3_"u8, 0)));
    }

    private static AmlReading Read(params byte[][] terms) => AmlReading.Of(Table("DSDT", terms));

    private static string States(AmlReading reading) => string.Join(' ', Enumerable.Range(0, SleepTypes.States).Select(reading.State));

    private static byte[] Table(string signature, params byte[][] terms) => FakeTableMemory.Table(signature, [.. terms.SelectMany(term => term)]);

    private static byte[] Letters(string name) => Encoding.ASCII.GetBytes(name);

    private static byte[] Byte(byte value) => [0x0A, value];

    private static byte[] Text(string text) => [0x0D, .. Encoding.ASCII.GetBytes(text), 0];

    private static byte[] Name(string name, byte[] value) => [0x08, .. Letters(name), .. value];

    private static byte[] Package(params byte[][] elements) => [0x12, .. Sized([(byte)elements.Length, .. elements.SelectMany(element => element)])];

    private static byte[] Device(string name, params byte[][] terms) => [0x5B, 0x82, .. Sized([.. Letters(name), .. terms.SelectMany(term => term)])];

    private static byte[] Scope(string name, params byte[][] terms) => [0x10, .. Sized([.. Letters(name), .. name == "\\" ? new byte[1] : [], .. terms.SelectMany(term => term)])];

    private static byte[] Method(string name, byte flags, params byte[][] terms) => [0x14, .. Sized([.. Letters(name), flags, .. terms.SelectMany(term => term)])];

    private static byte[] If(byte[] condition, params byte[][] terms) => [0xA0, .. Sized([.. condition, .. terms.SelectMany(term => term)])];

    private static byte[] Else(params byte[][] terms) => [0xA1, .. Sized([.. terms.SelectMany(term => term)])];

    private static byte[] While(byte[] condition, params byte[][] terms) => [0xA2, .. Sized([.. condition, .. terms.SelectMany(term => term)])];

    /// <summary>Content with its length before it, in two bytes where one is not enough.</summary>
    private static byte[] Sized(byte[] content) => content.Length + 1 < 0x40
        ? [(byte)(content.Length + 1), .. content]
        : [(byte)(0x40 | ((content.Length + 2) & 0x0F)), (byte)((content.Length + 2) >> 4), .. content];
}
