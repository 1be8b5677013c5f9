using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Hypervisor.Devices.Acpi.Aml;
using Hypervisor.Tool.Commands;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>What is found in the DSDTs of real machines, against what ACPICA's disassembler and interpreter say of them (M20, M21, M25).</summary>
public partial class RealMachineTests(ITestOutputHelper output)
{
    private const int FirstState = 8;
    private const int ColumnsPerState = 3;

    [Fact]
    public void Every_sleep_state_has_the_value_that_stands_in_the_disassembly()
    {
        List<string> wrong = [];
        foreach (string[] row in RealTables.Rows("truth.tsv"))
        {
            AmlReading reading = AmlReading.Of(RealTables.File(row[0]));
            for (int state = 0; state < SleepTypes.States; state++)
            {
                string expected = Lexical(row[FirstState + (state * ColumnsPerState)]);
                if (reading.State(state) != expected)
                {
                    wrong.Add($"{row[0]} S{state}: {reading.State(state)} instead of {expected}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Whatever_the_interpreter_finds_is_among_the_candidates()
    {
        List<string> wrong = [];
        foreach (string[] row in RealTables.Rows("truth.tsv"))
        {
            AmlReading reading = AmlReading.Of(RealTables.File(row[0]));
            for (int state = 0; state < SleepTypes.States; state++)
            {
                foreach (string value in row.Skip(FirstState + (state * ColumnsPerState) + 1).Take(2).Where(value => value is not ("-" or "LOADFAIL")))
                {
                    string pair = string.Join(",", value.Split(',').Take(2));
                    if (!reading.State(state).Replace("if ", string.Empty, StringComparison.Ordinal).Split('|').Contains(pair))
                    {
                        wrong.Add($"{row[0]} S{state}: {value} is not among {reading.State(state)}");
                    }
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_definition_is_found_where_its_name_stands()
    {
        foreach (string file in RealTables.Dsdts)
        {
            AmlReading reading = AmlReading.Of(RealTables.File(file));
            for (int state = 0; state < SleepTypes.States; state++)
            {
                Assert.All(reading.NamesOf(state), name => Assert.Equal($"_S{state}_", name));
            }
        }
    }

    [Fact]
    public void Serial_ports_and_their_methods_are_those_of_the_disassembly()
    {
        // The list was made by looking at lines alone: an identifier that a method gives back, and methods of a second scope of the same device, are not in it.
        string[] alsoThere =
        [
            "dsdt/16f8d1c5a9ba6436.aml \\_SB_.PCI0.UAR2 PNP0501 True",
            "dsdt/9be83bed90028754.aml \\_SB_.PCI0.LPCB.UAR2 PNP0501 True",
            "dsdt/a335631a3a682540.aml \\_SB_.PCI0.LPC_.COM1 PNP0501 True",
            "dsdt/a335631a3a682540.aml \\_SB_.PCI0.LPC_.COM2 PNP0501 True",
        ];
        string[] notAlone = [.. alsoThere.Select(line => line.Replace("True", "False", StringComparison.Ordinal))];
        IEnumerable<string> expected = RealTables.Rows("serial.tsv").Select(row => $"{row[0]} {AbsolutePath(row[1])} {row[2]} {row[3]}");
        List<string> found = [];
        int known = 0;
        foreach (string file in RealTables.Dsdts)
        {
            AmlReading reading = AmlReading.Of(RealTables.File(file));
            found.AddRange(reading.SerialPorts.Select((port, i) =>
                $"{file} {port.Path} {(port.Device.HardwareId == EisaId.Uart16550 ? "PNP0501" : "PNP0500")} {reading.DisableMethods.Any(method => method.Device == i)}"));
            known += reading.SerialPorts.Count(port => port.Device.IoBase != 0);
        }

        output.WriteLine($"{found.Count} serial ports, the I/O range of {known} is a constant");
        Assert.Equal(expected.Except(notAlone).Concat(alsoThere).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_is_wrong_with_them_and_the_usual_memory_is_enough()
    {
        double steps = 0;
        double bytesPerName = double.MaxValue;
        int deepest = 0;
        List<string> wrong = [];
        foreach (string file in RealTables.Dsdts)
        {
            byte[] table = RealTables.File(file);
            AmlReading reading = AmlReading.Of(table);
            if (reading.Problems != AmlProblems.None)
            {
                wrong.Add($"{file}: {reading.Problems}");
            }

            steps = Math.Max(steps, reading.StepsPerByte);
            bytesPerName = Math.Min(bytesPerName, (double)table.Length / reading.NameCount);
            deepest = Math.Max(deepest, reading.Deepest);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{steps:F1} steps per byte, {bytesPerName:F1} bytes per name, {deepest} levels at most"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_workbench_shows_what_is_found()
    {
        Assert.Equal(
            [
                "_S0: 0/0", "_S1: 1/1", "_S2: 2/2", "_S3: 5/5", "_S4: 6/6", "_S5: 7/255", "_S0 is defined in table 0 at 0x25", "_S3 is defined in table 0 at 0x14A",
                "_S4 is defined in table 0 at 0x158", "_S5 is defined in table 0 at 0x164", "_S1 is defined in table 0 at 0x175", "_S2 is defined in table 0 at 0x17F",
                "serial port \\_SB_.PCI0.UAR1 at port 0x3F8, can be switched off", "serial port \\_SB_.PCI0.UAR2 at a port that is computed, can be switched off", "problems: None",
            ],
            AcpiCommand.Read([RealTables.File("tricky/tricky1.aml")]));
    }

    /// <summary>{0x05,Zero,...} with conditions before it, as a pair.</summary>
    private static string Lexical(string text)
    {
        if (text == "-")
        {
            return text;
        }

        string[] elements = Braces().Match(text).Groups[1].Value.Split(',');
        string pair = $"{Number(elements[0])},{Number(elements[1])}";
        return (text.Contains("If:", StringComparison.Ordinal) ? "if " : string.Empty) + pair;
    }

    private static int Number(string text) => text switch
    {
        "Zero" => 0,
        "One" => 1,
        _ => int.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
    };

    /// <summary>Scope:\_SB.PCI0/Device:UAR1 and the like as one path, every name with four letters.</summary>
    private static string AbsolutePath(string path)
    {
        List<string> names = [];
        foreach (string part in path.Split('/').Where(part => part.StartsWith("Scope:", StringComparison.Ordinal) || part.StartsWith("Device:", StringComparison.Ordinal)))
        {
            string name = part[(part.IndexOf(':', StringComparison.Ordinal) + 1)..];
            if (name.StartsWith('\\'))
            {
                names.Clear();
                name = name[1..];
            }

            names.AddRange(name.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(piece => piece.PadRight(4, '_')));
        }

        return "\\" + string.Join(".", names);
    }

    [GeneratedRegex(@"\{(.*)\}")]
    private static partial Regex Braces();
}
