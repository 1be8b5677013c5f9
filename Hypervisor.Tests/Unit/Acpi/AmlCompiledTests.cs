using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Hypervisor.Devices.Acpi.Aml;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>Byte code as ACPICA's compiler writes it: every difficulty in its own table (M21).</summary>
public class AmlCompiledTests
{
    private const string S5 = "Name (\\_S5, Package () {7, 7, 0, 0})\n";

    /// <summary>Source, and the states found.</summary>
    private static readonly (string What, string Source, string States)[] s_tables =
    [
        ("plain", S5, "- - - - - 7,7"),
        ("constants", "Name (_S0, Package () {Zero, One}) Name (_S1, Package () {0x12, 0x34}) Name (_S2, Package () {0x1205, 0x12345605}) Name (_S3, Package () {Ones, 5}) "
            + "Name (_S4, Package () {0x1122334455667706, 6}) Name (_S5, Package (4) {7})", "0,1 18,52 5,5 255,5 6,6 7,0?"),
        ("conditions", "Name (SS1, 1) If (SS1) { Name (_S1, Package () {1, 1}) } Else { Name (_S3, Package () {3, 3}) } While (LEqual (SS1, 2)) { Name (_S4, Package () {4, 4}) }",
            "- if 1,1 - if 3,3 if 4,4 -"),
        ("if in a device", "Name (SS1, 1) Scope (\\_SB) { Device (D000) { Name (_HID, \"ABC0001\") If (SS1) { Name (\\_S3, Package () {5, 5}) Device (D001) { Name (_ADR, 0) } } Else { Name (_ADR, 0) "
            + "While (SS1) { Name (X000, 0) Break } } } }", "- - - if 5,5 - -"),
        ("calls before definitions", "Method (CALL, 2) { Return (Add (Arg0, Arg1)) } If (LEqual (CALL (1, CALL (2, 3)), 6)) { Name (_S3, Package () {5, 5}) } " + S5, "- - - if 5,5 - 7,7"),
        ("calls into other tables", "External (\\_SB.FAR, MethodObj) External (\\FAR2, MethodObj, , {IntObj, IntObj, IntObj}) If (LEqual (\\FAR2 (1, 2, \\_SB.FAR (1)), 6)) { Name (_S3, Package () {5, 5}) } " + S5,
            "- - - if 5,5 - 7,7"),
        ("the operating system asked", "If (LOr (\\_OSI (\"Windows 2015\"), LNot (\\_OSI (\"Linux\")))) { Name (_S3, Package () {5, 5}) }", "- - - if 5,5 - -"),
        ("references", "Name (X000, 1) If (CondRefOf (\\_S3, Local0)) { Name (_S4, Package () {6, 6}) } If (CondRefOf (NONE)) { Store (RefOf (X000), Local1) } " + S5, "- - - - if 6,6 7,7"),
        ("alias", "Name (SLP3, Package () {5, 4, 0, 0}) Alias (SLP3, _S3) Method (M000, 3) { Return (Arg2) } Alias (M000, M001) If (M001 (1, 2, 3)) { Name (_S4, Package () {6, 6}) }", "- - - 5,4 if 6,6 -"),
        ("scopes", "Scope (\\_SB) { Device (PCI0) { Name (_ADR, 0) Scope (\\) { Name (_S3, Package () {5, 5}) } Name (_S4, Package () {1, 1}) Device (D001) { Name (_ADR, 0) Name (^^^_S1, Package () {2, 2}) } } } "
            + "Scope (\\_SB.PCI0) { Name (\\_S5, Package () {7, 7}) }", "- 2,2 - 5,5 - 7,7"),
        ("methods", "Name (V000, 0) Method (_S3, 0) { If (V000) { Return (Package () {5, 5}) } Else { Return (Package () {3, 3}) } } Method (SETS, 1, Serialized) { Name (_S4, Package () {9, 9}) Return (_S4) }",
            "- - - 5,5|3,3? - -"),
        ("names in packages", "Name (V005, 5) Name (_S3, Package () {V005, V005}) " + S5, "- - - 5,5? - 7,7"),
        ("packages of variable length", "Method (M000, 0) { Return (2) } Name (V000, 3) Name (PKG0, Package (V000) {1, 2, 3}) Name (BUF0, Buffer (V000) {1, 2, 3}) " + S5, "- - - - - 7,7"),
        ("decoys", "Name (B000, Buffer () {0x08, 0x5F, 0x53, 0x33, 0x5F, 0x12, 0x06, 0x04, 0x0A, 0x05}) Name (STR0, \"\\x08_S3_\\x12\") Name (P000, Package () {\"_S3_\", Buffer () {0x08, 0x5F, 0x53, 0x34, 0x5F}}) "
            + "Method (M000, 1) { Switch (ToInteger (Arg0)) { Case (1) { Return (B000) } Default { Return (STR0) } } Return (0) } " + S5, "- - - - - 7,7"),
        ("fields", "OperationRegion (R000, SystemIO, 0x400, 0x10) Field (R000, ByteAcc, NoLock, Preserve) { F000, 8, Offset (4), F001, 1, AccessAs (WordAcc, 0), F002, 3, , 4 } "
            + "IndexField (F000, F001, ByteAcc, NoLock, Preserve) { F003, 8 } BankField (R000, F001, 2, ByteAcc, NoLock, Preserve) { Offset (8), F004, 8 } " + S5, "- - - - - 7,7"),
        ("serial bus fields", "Scope (\\_SB) { Device (I2C0) { Name (_HID, \"INT0001\") OperationRegion (R000, GenericSerialBus, 0, 0x100) Field (R000, BufferAcc, NoLock, Preserve) { "
            + "Connection (I2cSerialBusV2 (0x20, ControllerInitiated, 400000, AddressingMode7Bit, \"\\\\_SB.I2C0\")), AccessAs (BufferAcc, AttribBytes (4)), F000, 8 } } } " + S5, "- - - - - 7,7"),
        ("everything that is named", "Mutex (M000, 3) Event (E000) DataTableRegion (D000, \"OEM1\", \"\", \"\") PowerResource (P000, 0, 0) { Method (_STA) { Return (1) } Method (_ON) { } Method (_OFF) { } } "
            + "ThermalZone (T000) { Method (_TMP) { Return (3000) } } Name (B000, Buffer (64) {}) CreateDWordField (B000, 0, C000) CreateBitField (B000, 33, C001) CreateField (B000, 40, 9, C002) CreateQWordField (B000, 8, C003) "
            + "Function (FUN0, IntObj, {IntObj}) { Return (1) } " + S5, "- - - - - 7,7"),
        ("statements outside methods", "Name (V000, 0) Name (P000, Package () {1, 2, 3}) Store (Add (V000, Multiply (2, 3)), V000) Increment (V000) Divide (9, 2, V000, ) Store (DerefOf (Index (P000, 1)), V000) "
            + "Store (Match (P000, MEQ, 2, MTR, 0, 0), V000) Store (ToHexString (Mid (\"abcdef\", 1, 2)), Debug) Store (Concatenate (\"a\", \"b\"), Debug) Noop If (LGreaterEqual (V000, 2)) { Sleep (1) Stall (1) } "
            + "Store (FindSetLeftBit (V000), V000) Store (FromBCD (ToBCD (V000)), V000) Store (ObjectType (P000), V000) Store (SizeOf (P000), V000) Store (Timer, V000) CopyObject (V000, V000) " + S5, "- - - - - 7,7"),
    ];

    [IaslFact]
    public void Tables_of_ACPI_1_and_of_ACPI_6_are_read()
    {
        using Compiler compiler = new();
        List<string> wrong = [];
        foreach ((string what, string source, string states) in s_tables)
        {
            foreach (int revision in new[] { 1, 2 })
            {
                AmlReading reading = AmlReading.Of(compiler.Compile(source, "DSDT", revision));
                string found = string.Join(' ', Enumerable.Range(0, SleepTypes.States).Select(reading.State));
                if (found != states || reading.Problems != AmlProblems.None)
                {
                    wrong.Add($"{what}, revision {revision}: {found} ({reading.Problems}) instead of {states}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [IaslFact]
    public void Tables_are_read_as_one_whatever_their_order()
    {
        using Compiler compiler = new();
        byte[] caller = compiler.Compile(s_tables.Single(table => table.What == "calls into other tables").Source, "DSDT", 2);
        byte[] callee = compiler.Compile("Method (\\_SB.FAR, 1) { Return (Arg0) } Method (\\FAR2, 3) { Return (6) } Scope (\\) { Name (_S4, Package () {4, 4}) }", "SSDT", 2);
        foreach (byte[][] tables in new byte[][][] { [caller, callee], [callee, caller] })
        {
            AmlReading reading = AmlReading.Of(tables);
            Assert.Equal(("if 5,5", "4,4", "7,7", AmlProblems.None), (reading.State(3), reading.State(4), reading.State(5), reading.Problems));
        }
    }

    [IaslFact]
    public void A_sleep_state_of_an_SSDT_under_a_device_of_the_DSDT_is_found()
    {
        using Compiler compiler = new();
        byte[] dsdt = compiler.Compile("Scope (\\_SB) { Device (PCI0) { Name (_ADR, 0) } } " + S5, "DSDT", 2);
        byte[] ssdt = compiler.Compile("External (\\_SB.PCI0, DeviceObj) Scope (\\_SB.PCI0) { If (CondRefOf (\\_S5)) { Name (^^_S3, Package () {5, 5}) } }", "SSDT", 2);
        AmlReading reading = AmlReading.Of(dsdt, ssdt);
        Assert.Equal("if 5,5", reading.State(3));
        Assert.Equal((byte)1, reading.Definitions.Single(definition => definition.State == 3).Table);
        Assert.Equal("if 5,5", AmlReading.Of(ssdt).State(3)); // alone, too
    }

    /// <summary>A folder to compile in.</summary>
    private sealed class Compiler : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hv-aml");

        public void Dispose() => _folder.Delete(recursive: true);

        internal byte[] Compile(string source, string signature, int revision)
        {
            string file = Path.Combine(_folder.FullName, "table.asl");
            string name = revision.ToString(CultureInfo.InvariantCulture);
            File.WriteAllText(file, $"DefinitionBlock (\"\", \"{signature}\", {name}, \"TEST\", \"TEST\", 1)\n{{\n{source}\n}}\n");
            HostProcess.RunChecked(HostTools.Iasl, "-vs", "-f", "-p", Path.Combine(_folder.FullName, "table"), file);
            return File.ReadAllBytes(Path.Combine(_folder.FullName, "table.aml"));
        }
    }
}
