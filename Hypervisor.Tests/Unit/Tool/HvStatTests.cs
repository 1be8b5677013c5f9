using System;
using System.Buffers.Binary;
using System.IO;
using Hypervisor.Tool.GuestTools;
using Hypervisor.Tool.Hosting;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

/// <summary>hvstat as a Linux program; what it says on the hypervisor is for the tests with guests.</summary>
public sealed class HvStatTests
{
    private const int SegmentHeaders = 64;
    private const int SegmentHeaderSize = 56;
    private const int SegmentFlags = 4;
    private const uint WriteAndExecute = 3;

    [Fact]
    public void Writes_the_same_file_every_time()
    {
        Assert.Equal(HvStatProgram.Write(), HvStatProgram.Write());
    }

    [Fact]
    public void Has_no_memory_that_can_be_written_and_executed()
    {
        byte[] file = HvStatProgram.Write();
        ushort segments = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(56));
        Assert.Equal(3, segments);
        for (int i = 0; i < segments; i++)
        {
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(SegmentHeaders + (i * SegmentHeaderSize) + SegmentFlags));
            Assert.NotEqual(WriteAndExecute, flags & WriteAndExecute);
        }
    }

    [LinuxFact]
    public void Says_that_nobody_answers_where_there_is_no_hypervisor()
    {
        ProcessResult result = Run();
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(HvStatProgram.NoAnswer + '\n', result.Error);
        Assert.Empty(result.Output);
    }

    [LinuxFact]
    public void Knows_no_other_option()
    {
        Assert.Equal(1, Run("--total").ExitCode);
        Assert.Equal(2, Run("--tota").ExitCode);
        Assert.Equal(2, Run("--total", "twice").ExitCode);
        Assert.StartsWith("usage: hvstat", Run("--help").Error, StringComparison.Ordinal);
    }

    private static ProcessResult Run(params string[] arguments)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(path, HvStatProgram.Write());
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            return HostProcess.Run(path, arguments);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
