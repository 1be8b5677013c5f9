using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>One run of an emulated machine. It ends with this process at the latest.</summary>
public abstract class Machine : IDisposable
{
    private static readonly TimeSpan _graceOfStop = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _graceOfCrash = TimeSpan.FromSeconds(3);
    private readonly List<LogWatch> _crashWatches = [];
    private readonly MachineOptions _options;
    private readonly Stopwatch _clock = new();
    private Process? _process;
    private SerialConsole? _console;
    private Task? _emulatorLog;
    private Timer? _watchdog;
    private volatile bool _timedOut;
    private volatile bool _crashed;

    /// <summary>Creates the machine; it does not run yet.</summary>
    protected Machine(MachineOptions options, RunFolder folder)
    {
        _options = options;
        Folder = folder;
    }

    /// <summary>The folder with the logs of the run.</summary>
    public RunFolder Folder { get; }

    /// <summary>How long the machine has been running.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Whether the emulator has ended.</summary>
    public bool HasExited => Process.HasExited;

    /// <summary>The machine's serial console.</summary>
    public SerialConsole Console =>
        _console ?? throw new InvalidOperationException("The console of an interactive machine belongs to the terminal.");

    private Process Process => _process ?? throw new InvalidOperationException("The machine was not started.");

    /// <summary>Starts the machine.</summary>
    public void Start()
    {
        ProcessStartInfo description = Describe();
        File.WriteAllText(Folder.CommandLine, CommandLineText.Of(description) + Environment.NewLine);
        description.RedirectStandardError = true;
        _process = ChildLauncher.Start(description);
        _clock.Start();
        _emulatorLog = CopyToFileAsync(_process.StandardError.BaseStream, Folder.EmulatorLog);
        _console = OpenConsole(_process);
        if (_options.TimeLimit is TimeSpan limit)
        {
            _watchdog = new Timer(_ => OnTimeLimit(), null, limit, Timeout.InfiniteTimeSpan);
        }

        if (_options.StopOnCrash)
        {
            // By configuration the hypervisor logs on either port.
            _crashWatches.Add(new LogWatch(Folder.HypervisorLog, RunReport.CrashMarker, OnCrash));
            _crashWatches.Add(new LogWatch(Folder.SerialLog, RunReport.CrashMarker, OnCrash));
        }

        OnStarted();
    }

    /// <summary>Waits until a pattern appears on the console after the last one found, and fails with the logs if it does not.</summary>
    /// <param name="pattern">The regular expression to look for.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="failure">What to say when it does not appear, if the pattern itself is not clear enough.</param>
    public Match WaitFor(string pattern, TimeSpan limit, string? failure = null)
    {
        return Console.WaitFor(new Regex(pattern), limit) ?? throw Failure(failure ?? $"'{pattern}' did not appear on the console", limit);
    }

    /// <summary>Types text on the console.</summary>
    public void Send(string text)
    {
        try
        {
            Console.Send(text);
        }
        catch (IOException)
        {
            throw Failure("Nothing can be sent to the console", Elapsed);
        }
    }

    /// <summary>Types a line on the console.</summary>
    public void SendLine(string line)
    {
        Send(line + "\r");
    }

    /// <summary>Waits for the machine to end by itself and returns the emulator's exit code.</summary>
    public int WaitForExit(TimeSpan limit)
    {
        if (!Process.WaitForExit(limit) || _timedOut || _crashed)
        {
            throw Failure("The machine did not power off", limit);
        }

        return EndedWith();
    }

    /// <summary>Waits for an interactive machine to end by itself, or at its time limit.</summary>
    public int WaitForExit()
    {
        Process.WaitForExit();
        return _timedOut || _crashed ? throw Failure("The machine did not power off", Elapsed) : EndedWith();
    }

    /// <summary>Stops the machine, by the emulator's own means first, so that it can give the terminal back.</summary>
    public void Stop()
    {
        if (_process is null || _process.HasExited)
        {
            return;
        }

        if (!TryStopGently() || !_process.WaitForExit(_graceOfStop))
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watchdog?.Dispose();
        Stop();
        _crashWatches.ForEach(watch => watch.Dispose());
        Dispose(disposing: true);
        _emulatorLog?.Wait(_graceOfStop);
        _process?.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The emulator's command. Whether its standard input and output belong to the terminal is for it to say.</summary>
    protected abstract ProcessStartInfo Describe();

    /// <summary>Opens the host's end of the serial console once the process is there; null where that is the terminal.</summary>
    protected abstract SerialConsole? OpenConsole(Process process);

    /// <summary>Called when the emulator's process is there.</summary>
    protected virtual void OnStarted()
    {
    }

    /// <summary>What the end of the process means: 0 if the machine powered off.</summary>
    protected virtual int ExitCode(Process process)
    {
        return process.ExitCode;
    }

    /// <summary>Asks the emulator to end; false if it cannot be asked.</summary>
    protected virtual bool TryStopGently()
    {
        return false;
    }

    /// <summary>Releases what a derived class holds; the emulator has ended by then.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Writes a stream of the emulator's to a file until it ends.</summary>
    protected static async Task CopyToFileAsync(Stream source, string path)
    {
        // Without a buffer: others watch the file while it grows.
        await using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await source.CopyToAsync(file).ConfigureAwait(false);
    }

    private int EndedWith()
    {
        // An emulator's last words can say what its exit code means.
        _emulatorLog?.Wait(_graceOfStop);
        return ExitCode(Process);
    }

    private void OnTimeLimit()
    {
        _timedOut = true;
        Stop();
    }

    private void OnCrash()
    {
        if (_crashed || _timedOut)
        {
            return;
        }

        // The report is many lines long, and the marker is only the first.
        if (!Process.WaitForExit(_graceOfCrash))
        {
            _crashed = true;
            Stop();
        }
    }

    private MachineException Failure(string what, TimeSpan limit)
    {
        string why;
        if (_crashed)
        {
            why = "because the hypervisor crashed";
        }
        else if (_timedOut)
        {
            why = $"within the run's limit of {_options.TimeLimit?.TotalSeconds:F0} s";
        }
        else if (Process.HasExited)
        {
            why = $"before the emulator ended, with exit code {Process.ExitCode}";
        }
        else
        {
            why = $"within {limit.TotalSeconds:F0} s";
        }

        return new MachineException($"{what} {why}; the logs are in {Folder.Path}.", Folder);
    }
}
