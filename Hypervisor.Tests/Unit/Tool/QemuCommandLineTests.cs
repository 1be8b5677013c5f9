using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class QemuCommandLineTests : IDisposable
{
    private readonly string _runs = Directory.CreateTempSubdirectory("hv-test-").FullName;

    [Fact]
    public void A_machine_is_what_was_asked_for()
    {
        IReadOnlyList<string> arguments = Build(new QemuOptions { Processors = 4, MemoryMiB = 512 });
        Assert.Equal("EPYC,+svm", ValueOf(arguments, "-cpu"));
        Assert.Equal("4", ValueOf(arguments, "-smp"));
        Assert.Equal("512", ValueOf(arguments, "-m"));
        Assert.Contains("-no-reboot", arguments);
        Assert.DoesNotContain("-icount", arguments);
        Assert.DoesNotContain("-gdb", arguments);
    }

    [Fact]
    public void The_console_is_the_first_serial_port_and_the_log_the_second()
    {
        IReadOnlyList<string> arguments = Build(new QemuOptions());
        Assert.Equal(
            ["chardev:console", "chardev:log"],
            arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == "-serial").Select(pair => pair.Second));
    }

    [Fact]
    public void An_attended_machine_shares_its_console_with_the_monitor()
    {
        IReadOnlyList<string> arguments = Build(new QemuOptions { Interactive = true, AllowReset = true });
        Assert.Contains(arguments, argument => argument.StartsWith("stdio,id=console,signal=off,mux=on,", StringComparison.Ordinal));
        Assert.Contains("chardev=console,mode=readline", arguments);
        Assert.DoesNotContain("-no-reboot", arguments);
    }

    [Fact]
    public void Options_come_through()
    {
        QemuOptions options = new() { InstructionCounting = true, DebuggerPort = 1234, ExtraArguments = ["-device", "nvme"] };
        IReadOnlyList<string> arguments = Build(options);
        Assert.Equal("shift=0,sleep=off", ValueOf(arguments, "-icount"));
        Assert.Equal("tcp:127.0.0.1:1234", ValueOf(arguments, "-gdb"));
        Assert.Equal(["-device", "nvme"], arguments.TakeLast(2));
    }

    [Fact]
    public void Commas_in_paths_do_not_end_an_option()
    {
        using RunFolder folder = RunFolder.Create(_runs, "a,b");
        IReadOnlyList<string> arguments = QemuCommandLine.Build(new QemuOptions(), folder);
        Assert.Contains(arguments, argument => argument.EndsWith("a,,b/disk.img", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_runs_of_one_name_at_a_time_get_two_folders()
    {
        using RunFolder first = RunFolder.Create(_runs, "same");
        using RunFolder second = RunFolder.Create(_runs, "same");
        Assert.NotEqual(first.Path, second.Path);
    }

    public void Dispose()
    {
        Directory.Delete(_runs, recursive: true);
    }

    private static string ValueOf(IReadOnlyList<string> arguments, string option)
    {
        return arguments.SkipWhile(argument => argument != option).Skip(1).First();
    }

    private IReadOnlyList<string> Build(QemuOptions options)
    {
        using RunFolder folder = RunFolder.Create(_runs, "run");
        return QemuCommandLine.Build(options, folder);
    }
}
