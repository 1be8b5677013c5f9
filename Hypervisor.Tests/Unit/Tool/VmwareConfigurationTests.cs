using System;
using System.IO;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class VmwareConfigurationTests : IDisposable
{
    private readonly string _runs = Directory.CreateTempSubdirectory("hv-test-").FullName;

    [Theory]
    [InlineData("firmware", "efi")]
    [InlineData("vhv.enable", "TRUE")]
    [InlineData("efi.shell.activeByDefault", "TRUE")]
    [InlineData("numvcpus", "3")]
    [InlineData("memsize", "768")]
    [InlineData("serial0.fileType", "file")]
    [InlineData("msg.autoAnswer", "TRUE")]
    public void A_machine_is_what_was_asked_for(string key, string value)
    {
        using RunFolder folder = RunFolder.Create(_runs, "run");
        string text = VmwareConfiguration.BuildMachine(new VmwareOptions { Processors = 3, MemoryMiB = 768 }, folder);
        Assert.Contains($"\n{key} = \"{value}\"\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Disk_and_logs_are_those_of_the_run()
    {
        using RunFolder folder = RunFolder.Create(_runs, "run");
        string text = VmwareConfiguration.BuildMachine(new VmwareOptions(), folder);
        Assert.Contains($"sata0:0.fileName = \"{folder.VmwareDisk}\"", text, StringComparison.Ordinal);
        Assert.Contains($"serial0.fileName = \"{folder.SerialLog}\"", text, StringComparison.Ordinal);
        Assert.Contains($"serial1.fileName = \"{folder.HypervisorLog}\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_is_described_by_its_sectors()
    {
        string text = VmwareConfiguration.BuildDisk("/runs/run/disk.img", 96L << 20);
        Assert.StartsWith("# Disk DescriptorFile\n", text, StringComparison.Ordinal);
        Assert.Contains("createType=\"monolithicFlat\"\n", text, StringComparison.Ordinal);
        Assert.Contains("RW 196608 FLAT \"/runs/run/disk.img\" 0\n", text, StringComparison.Ordinal);
        Assert.Contains("ddb.geometry.cylinders = \"195\"\n", text, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        Directory.Delete(_runs, recursive: true);
    }
}
