using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Acpi.Aml;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>hv acpi: reads a machine's tables as the hypervisor does, and says what it finds in them.</summary>
public static class AcpiCommand
{
    private const int DeepestPath = 32;

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Argument<FileInfo[]> files = new("tables")
        {
            Description = "Binary tables, the DSDT first, then the SSDTs, such as /sys/firmware/acpi/tables/DSDT",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("acpi", "Show what the acpi mediator finds in a machine's tables: sleep states, serial ports") { files };
        command.SetAction(arguments =>
        {
            foreach (string line in Read([.. arguments.GetRequiredValue(files).Select(Content)]))
            {
                Console.WriteLine(line);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>What is found, a line each.</summary>
    /// <param name="tables">The tables, in the order of loading.</param>
    public static IReadOnlyList<string> Read(IReadOnlyList<byte[]> tables)
    {
        AmlScanner scanner = new(new AmlWorkspace
        {
            Names = new AmlNode[AmlWorkspace.NamesFor(tables.Sum(table => table.Length))],
            Frames = new AmlFrame[AmlWorkspace.UsualDepth],
            SleepDefinitions = new SleepDefinition[AmlWorkspace.UsualFindings],
            SerialDevices = new SerialDevice[AmlWorkspace.UsualFindings],
            DisableMethods = new DisableMethod[AmlWorkspace.UsualFindings],
        });
        foreach (byte[] table in tables)
        {
            scanner.Collect(table);
        }

        foreach (byte[] table in tables)
        {
            scanner.Find(table);
        }

        scanner.Finish();
        List<string> lines = [];
        for (int state = 0; state < SleepTypes.States; state++)
        {
            lines.Add($"_S{state}: {Describe(scanner.SleepTypes[state])}");
        }

        foreach (SleepDefinition definition in scanner.SleepDefinitions)
        {
            lines.Add($"_S{definition.State} is defined in table {definition.Table} at 0x{definition.NameOffset:X}");
        }

        for (int device = 0; device < scanner.SerialDevices.Length; device++)
        {
            lines.Add(DescribePort(ref scanner, device));
        }

        lines.Add($"problems: {scanner.Problems}");
        return lines;
    }

    private static string Describe(SleepCandidates state)
    {
        if (!state.IsPresent)
        {
            return "not there";
        }

        IEnumerable<string> pairs = Enumerable.Range(0, state.Count).Select(i => $"{state.TypeA(i)}/{state.TypeB(i)}");
        string values = state.Count == 0 ? "unknown" : string.Join(" or ", pairs) + (state.IsOpen ? ", or another value" : string.Empty);
        return values + (state.IsConditional ? ", under a condition" : string.Empty);
    }

    private static string DescribePort(ref AmlScanner scanner, int device)
    {
        uint[] names = new uint[DeepestPath];
        int count = scanner.ReadPath(device, names);
        SerialDevice port = scanner.SerialDevices[device];
        string path = string.Join('.', names.Take(count).Reverse().Select(name => Encoding.ASCII.GetString(BitConverter.GetBytes(name))));
        string place = port.IoBase == 0 ? "at a port that is computed" : string.Create(CultureInfo.InvariantCulture, $"at port 0x{port.IoBase:X}");
        int methods = 0;
        foreach (DisableMethod method in scanner.DisableMethods)
        {
            methods += method.Device == device ? 1 : 0;
        }

        return $"serial port \\{path} {place}{(methods == 0 ? string.Empty : ", can be switched off")}";
    }

    private static byte[] Content(FileInfo file)
    {
        try
        {
            return File.ReadAllBytes(file.FullName);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HvException($"{file.FullName} cannot be read: {failure.Message}", failure);
        }
    }
}
