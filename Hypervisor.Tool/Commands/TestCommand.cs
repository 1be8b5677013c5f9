using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>hv test: brings what the tests need and runs them.</summary>
public static class TestCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        Option<bool> fast = new("--fast") { Description = "Only the tests that need no emulator" };
        Option<bool> slow = new("--slow") { Description = "The slow tests too" };
        Option<string?> filter = new("--filter") { Description = "Only the tests that this expression of 'dotnet test' selects" };
        Command command = new("test", "Run the tests") { fast, slow, filter };
        command.SetAction(result =>
        {
            // Even the fast tests build the whole solution, which takes the linker.
            HostTools.EnsureInstalled();
            HostTools.EnsureInstalledForTests();
            if (!result.GetValue(fast))
            {
                HostTools.EnsureInstalled(EmulatorKind.Qemu, EmulatorKind.Bochs);
                GuestParts.Get(workspace, KernelFlavor.Cloud);
                GuestParts.Get(workspace, KernelFlavor.Generic);
                _ = GuestParts.GetFileSystemCheck(workspace);
            }

            return Run(workspace, TestFilter.Build(result.GetValue(fast), result.GetValue(slow), result.GetValue(filter)));
        });
        return command;
    }

    private static int Run(Workspace workspace, string filter)
    {
        if (Directory.Exists(workspace.TestResults))
        {
            // Results of an earlier run would be counted with those of this one.
            Directory.Delete(workspace.TestResults, recursive: true);
        }

        // "dotnet test" builds test projects and what they refer to; the images that the emulator tests boot are projects of their own.
        Terminal.Step("Building everything", () => HypervisorBuild.BuildAll(workspace));
        List<string> arguments =
        [
            "test", workspace.Solution, "--no-build", "--nologo", "--logger", "trx", "--logger", "console;verbosity=normal",
            "--results-directory", workspace.TestResults,
        ];
        if (filter.Length > 0)
        {
            arguments.AddRange(["--filter", filter]);
        }

        int exitCode = HostProcess.RunOnTerminal("dotnet", workspace.Root, arguments);
        TestSummary summary = TestSummary.Read(workspace.TestResults);
        Terminal.Note(summary.ToString());
        // A build that fails leaves no results and a non-zero exit code; both must show.
        return exitCode == ExitCodes.Success && summary.Failed == 0 && summary.Passed > 0 ? ExitCodes.Success : ExitCodes.Failure;
    }
}
