using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Hosting;
using Xunit;

namespace Hypervisor.Tests.Unit.Control;

/// <summary>hvctl as a program for Linux, on this host, where no hypervisor of ours is; what it says on one is for the tests with guests.</summary>
public sealed class ControlProgramTests
{
    private const int SegmentCountOffset = 56;
    private const int SegmentHeaders = 64;
    private const int SegmentHeaderSize = 56;
    private const int SegmentFlags = 4;
    private const uint LoadSegment = 1;
    private const uint WriteAndExecute = 3;

    [ControlFact]
    public void Needs_no_library_and_has_no_memory_that_can_be_written_and_executed()
    {
        byte[] file = File.ReadAllBytes(Workspace.Find().ControlForLinux);
        ushort segments = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(SegmentCountOffset));
        HashSet<uint> types = [];
        for (int i = 0; i < segments; i++)
        {
            int header = SegmentHeaders + (i * SegmentHeaderSize);
            types.Add(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(header)));
            Assert.NotEqual(WriteAndExecute, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(header + SegmentFlags)) & WriteAndExecute);
        }

        Assert.Equal([LoadSegment, 0x6474_E551], types);
    }

    [ControlFact]
    public void Survives_that_nobody_answers()
    {
        ProcessResult result = Run("exits");
        Assert.Equal((3, "hvctl: no hypervisor answers those who have no secret\n"), (result.ExitCode, result.Error));
        result = Run("status", "--secret", "some secret of nobody's");
        Assert.Equal((3, "hvctl: no hypervisor answers: there is none, or it has another secret or none\n"), (result.ExitCode, result.Error));
    }

    [ControlFact]
    public void Wants_a_command_line_that_it_understands()
    {
        Assert.Equal(0, Run("help").ExitCode);
        Assert.StartsWith("usage: hvctl COMMAND", Run("help").Output, StringComparison.Ordinal);
        Assert.Equal(2, Run().ExitCode);
        Says(2, "there is no command frobnicate", "frobnicate");
        Says(2, "not understood: --bogus", "exits", "--bogus");
        Says(2, "not understood: more", "status-boot", "more");
        Says(2, "add-record takes a GUID", "add-record", "123", "text");
        Says(2, "set-config takes a file", "set-config");
        Says(2, "the secret of the hypervisor is needed", "log");
        Says(1, "the file with the secret cannot be read: /nonexistent", "log", "--secret-file", "/nonexistent");
        Says(1, "--device-path-hex takes a device path", "install", "--device-path-hex", "7FFF04");
        Says(1, "there is no file /nonexistent", "install", "/nonexistent");
    }

    [ControlFact]
    public void Refuses_a_configuration_that_the_hypervisor_would_refuse()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "serial = com1\npassword-tries = -1\n");
            Says(1, "line 2, password-tries: out of range; accepted: 1 to 100", "set-config", file);
            File.WriteAllText(file, string.Empty);
            Says(1, "the file cannot be read, is empty, or has more than 8 KiB", "set-config", file);
            File.WriteAllText(file, new string('#', (8 * 1024) + 1));
            Says(1, "the file cannot be read, is empty, or has more than 8 KiB", "set-config", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Says(int exitCode, string beginning, params string[] arguments)
    {
        ProcessResult result = Run(arguments);
        Assert.StartsWith("hvctl: " + beginning, result.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode, result.ExitCode);
    }

    private static ProcessResult Run(params string[] arguments) => HostProcess.Run(Workspace.Find().ControlForLinux, arguments);
}
