using System;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class BochsConfigurationTests : IDisposable
{
    private const int Port = 40123;
    private readonly string _runs = Directory.CreateTempSubdirectory("hv-test-").FullName;

    [Fact]
    public void A_machine_is_what_was_asked_for()
    {
        string text = Build(new BochsOptions { Processors = 3, MemoryMiB = 512, InstructionsPerSecond = 5_000_000, Processor = "tigerlake" });
        Assert.Equal("model=tigerlake, count=3, ips=5000000, reset_on_triple_fault=1", ValueOf(text, "cpu"));
        Assert.Equal("512", ValueOf(text, "megs"));
    }

    [Fact]
    public void The_console_is_a_connection_to_this_program_and_the_log_a_file()
    {
        string text = Build(new BochsOptions());
        Assert.Equal($"enabled=1, mode=socket-client, dev=127.0.0.1:{Port}", ValueOf(text, "com1"));
        Assert.StartsWith("enabled=1, mode=file, dev=", ValueOf(text, "com2"), StringComparison.Ordinal);
        Assert.EndsWith("hv.log\"", ValueOf(text, "com2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Time_depends_on_nothing_but_instructions()
    {
        Assert.Contains("sync=none", ValueOf(Build(new BochsOptions()), "clock"), StringComparison.Ordinal);
    }

    [Fact]
    public void Processors_are_silenced_one_by_one_because_Bochs_refuses_to_silence_one_that_is_not_there()
    {
        Assert.Equal("action=report, cpu0=ignore", ValueOf(Build(new BochsOptions { Processors = 1 }), "info"));
        Assert.Equal("action=report, cpu0=ignore, cpu1=ignore", ValueOf(Build(new BochsOptions { Processors = 2 }), "error"));
    }

    [Fact]
    public void The_kernel_is_told_the_rate_of_the_time_stamp_counter()
    {
        string arguments = new BochsOptions { InstructionsPerSecond = 20_000_000 }.KernelArguments;
        Assert.Contains("tsc_early_khz=20000 lpj=80000 ", arguments, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,b")]
    [InlineData("a\"b")]
    public void A_path_that_Bochs_would_take_apart_is_refused(string name)
    {
        using RunFolder folder = RunFolder.Create(_runs, name);
        Assert.Throws<HvException>(() => BochsConfiguration.Build(new BochsOptions(), folder, Port));
    }

    public void Dispose()
    {
        Directory.Delete(_runs, recursive: true);
    }

    private static string ValueOf(string text, string key)
    {
        string line = text.Split('\n').Single(line => line.StartsWith(key + ": ", StringComparison.Ordinal));
        return line[(key.Length + 2)..];
    }

    private string Build(BochsOptions options)
    {
        using RunFolder folder = RunFolder.Create(_runs, "run");
        return BochsConfiguration.Build(options, folder, Port);
    }
}
