using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.Acpi.Aml;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>Tables that are broken in every way: reading them ends, within its steps, and touches nothing but its own memory (M21, S2).</summary>
public class AmlFuzzTests(ITestOutputHelper output)
{
    private const byte Guard = 0xA7;
    private const int GuardNodes = 2;

    /// <summary>What random byte code is put together from: alone, random bytes hardly ever nest.</summary>
    private static readonly byte[][] s_tokens =
    [
        [0x00], [0x01], [0xFF], [0x06], [0x08], [0x0A], [0x0B], [0x0C], [0x0D], [0x0E], [0x10], [0x11], [0x12], [0x13], [0x14], [0x15], [0x2E], [0x2F], [0x5C],
        [0x5E], [0x60], [0x68], [0x70], [0x72], [0x78], [0x86], [0x89], [0x8A], [0x92], [0xA0], [0xA1], [0xA2], [0xA3], [0xA4], [0x5B, 0x01], [0x5B, 0x12],
        [0x5B, 0x13], [0x5B, 0x1F], [0x5B, 0x80], [0x5B, 0x81], [0x5B, 0x82], [0x5B, 0x83], [0x5B, 0x84], [0x5B, 0x85], [0x5B, 0x86], [0x5B, 0x87], [0x5B, 0x88],
        [.. "_S3_"u8], [.. "_S5_"u8], [.. "\\_S2_"u8], [.. "_HID"u8], [.. "_CRS"u8], [.. "_DIS"u8], [.. "_SB_"u8], [.. "FUN0"u8], [.. "FUN1"u8], [0x0C, 0x41, 0xD0, 5, 1],
        [0x08, .. "_HID"u8, 0x0C, 0x41, 0xD0, 5, 1], [0x14, 0x09, .. "FUN0"u8, 7, 0xA4, 0x68], [0x12, 0x06, 2, 0x0A, 5, 0x0A, 5], [0x5B, 0x82, 0x4F, 0x01, .. "DEV0"u8],
        [0x10, 0x4F, 0x02, 0x5C, 0x00], [0xA0, 0x2F, 0x01], [0x14, 0x1F, .. "_S3_"u8, 0], [0x06, .. "FUN0"u8, .. "FUN1"u8], [0x06, .. "FUN1"u8, .. "FUN0"u8],
    ];

    [Fact]
    public void A_million_random_tables_do_no_harm()
    {
        Bench bench = new(96, 24);
        Random random = new(20_230_817);
        byte[] table = new byte[AcpiTables.HeaderSize + 160];
        int rounds = Fuzz.Rounds(1_000_000);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            int length = AcpiTables.HeaderSize + random.Next(160);
            if (i % 4 == 0)
            {
                random.NextBytes(table.AsSpan(AcpiTables.HeaderSize, length - AcpiTables.HeaderSize));
            }
            else
            {
                Compose(random, table.AsSpan(AcpiTables.HeaderSize, length - AcpiTables.HeaderSize));
            }

            bench.Read(table.AsSpan(0, length));
        }

        output.WriteLine($"{rounds} tables, {bench.SleepStates} with a sleep state, {bench.SerialPorts} with a serial port, {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        output.WriteLine(bench.ToString());
        Assert.True(bench.SleepStates > rounds / 100, "the tables are too random to mean anything");
    }

    [Fact]
    public void Small_tables_cut_anywhere_and_changed_anywhere_do_no_harm()
    {
        Bench bench = new(96, 32);
        Random random = new(3);
        foreach (string name in new[] { "tricky/tricky1.aml", "tricky/tricky2.aml", "tricky/tricky3.aml" })
        {
            byte[] table = RealTables.File(name);
            for (int length = 0; length <= table.Length; length++)
            {
                bench.Read(table.AsSpan(0, length));
            }

            for (int at = AcpiTables.HeaderSize; at < table.Length; at++)
            {
                byte[] changed = [.. table];
                for (int value = 0; value < 256; value++)
                {
                    changed[at] = (byte)value;
                    bench.Read(changed);
                }
            }

            for (int i = 0; i < Fuzz.Rounds(20_000); i++)
            {
                bench.Read(Mutate(random, table));
            }
        }

        output.WriteLine(bench.ToString());
    }

    [Fact]
    public void Tables_of_real_machines_changed_at_random_do_no_harm()
    {
        Random random = new(4);
        byte[][] tables = [.. RealTables.Dsdts.Select(RealTables.File).Where(table => table.Length < 60_000)];
        Bench bench = new(AmlWorkspace.NamesFor(60_000), AmlWorkspace.UsualDepth);
        int rounds = Fuzz.Rounds(12_000);
        int found = 0;
        for (int i = 0; i < rounds; i++)
        {
            found += bench.Read(Mutate(random, tables[random.Next(tables.Length)])) ? 1 : 0;
        }

        output.WriteLine($"{rounds} tables, S5 still found in {found}");
        output.WriteLine(bench.ToString());
        Assert.True(found > rounds * 3 / 4, "a few changed bytes must not hide the rest of a table");
    }

    [Fact]
    public void Tables_made_to_take_long_do_not()
    {
        // Names that all fall into one chain, looked up from the depth of nested scopes, in one megabyte.
        List<byte> code = [];
        for (int i = 0; i < 20; i++)
        {
            code.AddRange([0x5B, 0x82, 0xC0, 0xFF, 0xFF, 0x0F, (byte)'D', (byte)('A' + i), (byte)'_', (byte)'_']);
        }

        while (code.Count < 1 << 20)
        {
            code.AddRange([0x60, .. "NONE"u8, .. "NON2"u8]);
        }

        byte[] deep = FakeTableMemory.Table("DSDT", [.. code]);
        byte[] aliases = FakeTableMemory.Table("DSDT", [.. Enumerable.Range(0, 80_000).SelectMany(i =>
            new byte[] { 0x06, (byte)'A', (byte)('A' + (i % 26)), (byte)'A', (byte)'A', (byte)'A', (byte)('A' + ((i + 1) % 26)), (byte)'A', (byte)'A' })]);
        byte[] parents = FakeTableMemory.Table("DSDT", [.. Enumerable.Repeat((byte)'^', 1 << 20), .. "NONE"u8]);
        byte[] prefixes = FakeTableMemory.Table("DSDT", [.. Enumerable.Repeat((byte)'\\', 1 << 20)]);
        byte[] nested = FakeTableMemory.Table("DSDT", [.. Enumerable.Repeat((byte)0x92, 1 << 20)]);
        byte[] fields = FakeTableMemory.Table("DSDT", [0x5B, 0x81, 0xFF, 0xFF, 0xFF, 0xFF, .. "REG0"u8, 0, .. Enumerable.Repeat((byte)0, 1 << 20)]);
        byte[] text = FakeTableMemory.Table("DSDT", [.. Enumerable.Repeat((byte)0x0D, 1 << 20)]);
        byte[] names = FakeTableMemory.Table("DSDT", [.. Enumerable.Range(0, 100_000).SelectMany(i =>
            new byte[] { 0x08, (byte)'_', (byte)'H', (byte)'I', (byte)'D', 0x11, 0xFF, 0xFF, 0xFF, 0x0F, 0x00 })]);
        long start = Stopwatch.GetTimestamp();
        foreach (byte[] table in new[] { deep, aliases, parents, prefixes, nested, fields, text, names })
        {
            long before = Stopwatch.GetTimestamp();
            Bench bench = new(64, AmlWorkspace.UsualDepth);
            bench.Read(table);
            output.WriteLine($"{bench} {Stopwatch.GetElapsedTime(before).TotalMilliseconds:F0} ms");
        }

        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 10);
    }

    private static void Compose(Random random, Span<byte> code)
    {
        int at = 0;
        while (at < code.Length)
        {
            byte[] token = s_tokens[random.Next(s_tokens.Length)];
            int size = Math.Min(token.Length, code.Length - at);
            token.AsSpan(0, size).CopyTo(code[at..]);
            at += size;
            if (random.Next(3) == 0 && at < code.Length)
            {
                code[at++] = (byte)random.Next(64); // often taken for a length
            }
        }
    }

    /// <summary>Flips bits, overwrites and moves bytes, and spoils what looks like a length.</summary>
    private static byte[] Mutate(Random random, byte[] table)
    {
        byte[] changed = [.. table];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(AcpiTables.HeaderSize, changed.Length);
            switch (random.Next(5))
            {
                case 0:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 2:
                    int size = Math.Min(random.Next(1, 64), changed.Length - at);
                    changed.AsSpan(random.Next(AcpiTables.HeaderSize, changed.Length - size + 1), size).CopyTo(changed.AsSpan(at));
                    break;
                case 3:
                    int length = Array.FindIndex(changed, at, value => value is 0x10 or 0x14 or 0xA0 or 0x82);
                    if (length >= 0 && length + 4 < changed.Length)
                    {
                        random.NextBytes(changed.AsSpan(length + 1, random.Next(1, 4)));
                    }

                    break;
                default:
                    changed = random.Next(8) == 0 ? changed[..(at + 1)] : changed;
                    break;
            }
        }

        return changed;
    }

    /// <summary>A workspace between guards, used again and again.</summary>
    private sealed class Bench
    {
        private readonly AmlNode[] _nodes;
        private readonly AmlFrame[] _frames;
        private readonly SleepDefinition[] _definitions = new SleepDefinition[4];
        private readonly SerialDevice[] _devices = new SerialDevice[2];
        private readonly DisableMethod[] _methods = new DisableMethod[2];
        private readonly int _names;
        private readonly int _depth;
        private AmlProblems _problems;
        private double _mostSteps;

        internal Bench(int names, int depth)
        {
            _names = names;
            _depth = depth;
            _nodes = new AmlNode[names + (2 * GuardNodes)];
            _frames = new AmlFrame[depth + 2];
            MemoryMarshal.AsBytes(_nodes.AsSpan()).Fill(Guard);
            MemoryMarshal.AsBytes(_frames.AsSpan()).Fill(Guard);
        }

        internal int SleepStates { get; private set; }

        internal int SerialPorts { get; private set; }

        /// <summary>Reads one table; whether it has an S5.</summary>
        internal bool Read(ReadOnlySpan<byte> table)
        {
            AmlScanner scanner = new(new AmlWorkspace
            {
                Names = _nodes.AsSpan(GuardNodes, _names),
                Frames = _frames.AsSpan(1, _depth),
                SleepDefinitions = _definitions,
                SerialDevices = _devices,
                DisableMethods = _methods,
            });
            scanner.Collect(table);
            Check(table.Length, scanner.Steps);
            scanner.Find(table);
            Check(table.Length, scanner.Steps);
            scanner.Finish();
            foreach (SleepDefinition definition in scanner.SleepDefinitions)
            {
                if (AcpiTables.Read32(table, definition.NameOffset) != ('_' | ('S' << 8) | ((uint)('0' + definition.State) << 16) | ((uint)'_' << 24)))
                {
                    throw new InvalidOperationException("A definition is not where it was found.");
                }
            }

            foreach (DisableMethod method in scanner.DisableMethods)
            {
                _ = table.Slice(method.Offset, method.Length);
            }

            _problems |= scanner.Problems;
            SleepStates += scanner.SleepDefinitions.IsEmpty ? 0 : 1;
            SerialPorts += scanner.SerialDevices.IsEmpty ? 0 : 1;
            return scanner.SleepTypes[5].IsPresent;
        }

        public override string ToString() => $"problems met: {_problems}; {_mostSteps:F1} steps per byte at most";

        private void Check(int length, long steps)
        {
            if (steps > ((long)length * AmlScanner.StepsPerByte) + 1024)
            {
                throw new InvalidOperationException("Too many steps.");
            }

            _mostSteps = length > 100 ? Math.Max(_mostSteps, (double)steps / length) : _mostSteps;
            if (MemoryMarshal.AsBytes(_nodes.AsSpan(0, GuardNodes)).ContainsAnyExcept(Guard)
                || MemoryMarshal.AsBytes(_nodes.AsSpan(GuardNodes + _names)).ContainsAnyExcept(Guard)
                || MemoryMarshal.AsBytes(_frames.AsSpan(0, 1)).ContainsAnyExcept(Guard)
                || MemoryMarshal.AsBytes(_frames.AsSpan(1 + _depth)).ContainsAnyExcept(Guard))
            {
                throw new InvalidOperationException("Memory outside the workspace was written.");
            }
        }
    }
}
