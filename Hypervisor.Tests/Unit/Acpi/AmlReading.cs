using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Acpi.Aml;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>Tables read by the scanner, and what it found, in forms that tests can look at.</summary>
internal sealed class AmlReading
{
    private const byte Guard = 0xC5;
    private const int GuardNodes = 4;
    private readonly byte[][] _tables;

    private AmlReading(byte[][] tables, SleepTypes sleepTypes)
    {
        _tables = tables;
        SleepTypes = sleepTypes;
    }

    /// <summary>The sleep states.</summary>
    internal SleepTypes SleepTypes { get; }

    /// <summary>What was wrong.</summary>
    internal AmlProblems Problems { get; private init; }

    /// <summary>Definitions of the sleep states.</summary>
    internal IReadOnlyList<SleepDefinition> Definitions { get; private init; } = [];

    /// <summary>Serial ports with their paths.</summary>
    internal IReadOnlyList<(string Path, SerialDevice Device)> SerialPorts { get; private init; } = [];

    /// <summary>Their methods.</summary>
    internal IReadOnlyList<DisableMethod> DisableMethods { get; private init; } = [];

    /// <summary>Names known at the end.</summary>
    internal int NameCount { get; private init; }

    /// <summary>Deepest nesting.</summary>
    internal int Deepest { get; private init; }

    /// <summary>Most steps for each byte of a table, of those with some length.</summary>
    internal double StepsPerByte { get; private init; }

    /// <summary>Reads tables in the order given.</summary>
    internal static AmlReading Of(params byte[][] tables) => With(AmlWorkspace.NamesFor(tables.Sum(table => table.Length)), AmlWorkspace.UsualDepth, tables);

    /// <summary>Reads tables with this much memory, and fails if a byte outside it was written, or more steps were taken than may be.</summary>
    internal static AmlReading With(int names, int depth, params byte[][] tables)
    {
        AmlNode[] nodes = new AmlNode[names + (2 * GuardNodes)];
        AmlFrame[] frames = new AmlFrame[depth + 2];
        Bytes(nodes).Fill(Guard);
        Bytes(frames).Fill(Guard);
        AmlWorkspace workspace = new()
        {
            Names = nodes.AsSpan(GuardNodes, names),
            Frames = frames.AsSpan(1, depth),
            SleepDefinitions = new SleepDefinition[AmlWorkspace.UsualFindings],
            SerialDevices = new SerialDevice[AmlWorkspace.UsualFindings],
            DisableMethods = new DisableMethod[AmlWorkspace.UsualFindings],
        };
        AmlScanner scanner = new(workspace);
        double steps = 0;
        foreach (byte[] table in tables)
        {
            scanner.Collect(table);
            steps = Math.Max(steps, Effort(scanner.Steps, table.Length));
        }

        foreach (byte[] table in tables)
        {
            scanner.Find(table);
            steps = Math.Max(steps, Effort(scanner.Steps, table.Length));
        }

        scanner.Finish();
        if (Bytes(nodes)[..(GuardNodes * 32)].ContainsAnyExcept(Guard) || Bytes(nodes)[^(GuardNodes * 32)..].ContainsAnyExcept(Guard)
            || Bytes(frames.AsSpan(0, 1)).ContainsAnyExcept(Guard) || Bytes(frames.AsSpan(depth + 1)).ContainsAnyExcept(Guard))
        {
            throw new InvalidOperationException("Memory outside the workspace was written.");
        }

        return new AmlReading(tables, scanner.SleepTypes)
        {
            Problems = scanner.Problems,
            Definitions = scanner.SleepDefinitions.ToArray(),
            SerialPorts = ReadSerialPorts(ref scanner),
            DisableMethods = scanner.DisableMethods.ToArray(),
            NameCount = scanner.NameCount,
            Deepest = scanner.Deepest,
            StepsPerByte = steps,
        };
    }

    /// <summary>A sleep state as text: "-", or its pairs, with "if" before them where all are conditional and "?" behind where others are possible.</summary>
    internal string State(int state)
    {
        SleepCandidates candidates = SleepTypes[state];
        if (!candidates.IsPresent)
        {
            return "-";
        }

        IEnumerable<string> pairs = Enumerable.Range(0, candidates.Count).Select(i => $"{candidates.TypeA(i)},{candidates.TypeB(i)}");
        return (candidates.IsConditional ? "if " : string.Empty) + string.Join("|", pairs) + (candidates.IsOpen ? "?" : string.Empty);
    }

    /// <summary>The letters at each place that defines a state.</summary>
    internal IEnumerable<string> NamesOf(int state) =>
        Definitions.Where(definition => definition.State == state)
            .Select(definition => Encoding.ASCII.GetString(_tables[definition.Table], definition.NameOffset, 4));

    private static double Effort(long steps, int length)
    {
        if (steps > ((long)length * AmlScanner.StepsPerByte) + 1024)
        {
            throw new InvalidOperationException("More steps than a table of this length may take.");
        }

        return length < 1000 ? 0 : (double)steps / length;
    }

    private static List<(string Path, SerialDevice Device)> ReadSerialPorts(ref AmlScanner scanner)
    {
        List<(string, SerialDevice)> ports = [];
        uint[] names = new uint[16];
        for (int i = 0; i < scanner.SerialDevices.Length; i++)
        {
            int count = scanner.ReadPath(i, names);
            IEnumerable<string> parts = names.Take(count).Reverse().Select(name => Encoding.ASCII.GetString(BitConverter.GetBytes(name)));
            ports.Add(("\\" + string.Join(".", parts), scanner.SerialDevices[i]));
        }

        return ports;
    }

    private static Span<byte> Bytes<T>(Span<T> span)
        where T : struct => System.Runtime.InteropServices.MemoryMarshal.AsBytes(span);

    private static Span<byte> Bytes<T>(T[] array)
        where T : struct => Bytes(array.AsSpan());
}
