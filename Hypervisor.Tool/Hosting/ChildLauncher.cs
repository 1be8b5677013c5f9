using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Hypervisor.Tool.Hosting;

/// <summary>Starts processes that cannot outlive this one, however it ends.</summary>
/// <remarks>
/// Linux sends the parent-death signal when the <em>thread</em> that made the child ends, not when its process does.
/// So one thread, which lives as long as this process, makes them all.
/// </remarks>
public static class ChildLauncher
{
    private const string SetPriv = "setpriv";
    private static readonly BlockingCollection<Task> _starts = [];
    private static readonly Lazy<Thread> _thread = new(StartThread);

    /// <summary>Starts the process described; the kernel kills it when this process ends.</summary>
    public static Process Start(ProcessStartInfo description)
    {
        ProcessStartInfo bound = HostProcess.Find(SetPriv) is string setPriv ? BindToParent(description, setPriv) : description;
        _ = _thread.Value;
        Task<Process?> start = new(() => Process.Start(bound));
        _starts.Add(start);
        return start.GetAwaiter().GetResult() ?? throw new HvException($"'{description.FileName}' could not be started.");
    }

    private static ProcessStartInfo BindToParent(ProcessStartInfo description, string setPriv)
    {
        List<string> arguments = ["--pdeathsig", "KILL", "--", description.FileName, .. description.ArgumentList];
        return new ProcessStartInfo(setPriv, arguments)
        {
            WorkingDirectory = description.WorkingDirectory,
            RedirectStandardInput = description.RedirectStandardInput,
            RedirectStandardOutput = description.RedirectStandardOutput,
            RedirectStandardError = description.RedirectStandardError,
        };
    }

    private static Thread StartThread()
    {
        Thread thread = new(RunStarts) { IsBackground = true, Name = "child launcher" };
        thread.Start();
        return thread;
    }

    private static void RunStarts()
    {
        foreach (Task start in _starts.GetConsumingEnumerable())
        {
            start.RunSynchronously();
        }
    }
}
