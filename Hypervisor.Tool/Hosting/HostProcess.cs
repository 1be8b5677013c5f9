using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

namespace Hypervisor.Tool.Hosting;

/// <summary>Runs programs of the host.</summary>
public static class HostProcess
{
    /// <summary>Runs a program to its end and captures what it writes.</summary>
    public static ProcessResult Run(string program, params IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ProcessResult(process.ExitCode, output, error.Result);
    }

    /// <summary>Runs a program to its end, captures what it writes, and fails with its last words if it fails.</summary>
    public static string RunChecked(string program, params IReadOnlyList<string> arguments)
    {
        ProcessResult result = Run(program, arguments);
        if (!result.Succeeded)
        {
            string detail = string.Join(Environment.NewLine, result.Output.Trim(), result.Error.Trim()).Trim();
            throw new HvException($"'{program} {string.Join(' ', arguments)}' failed with exit code {result.ExitCode}: {detail}");
        }

        return result.Output;
    }

    /// <summary>Runs a program to its end on this terminal and returns its exit code.</summary>
    public static int RunOnTerminal(string program, string workingFolder, params IReadOnlyList<string> arguments)
    {
        using Process process = Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = workingFolder });
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>The path of a program, looked up as the shell would, or null.</summary>
    public static string? Find(string program)
    {
        string folders = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        // Debian keeps mkfs and friends out of an ordinary user's path; they are there all the same.
        foreach (string folder in (folders + ":/usr/sbin:/sbin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string candidate = Path.Combine(folder, program);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new HvException($"'{start.FileName}' could not be started.");
        }
        catch (Win32Exception failure)
        {
            throw new HvException($"'{start.FileName}' could not be started: {failure.Message}.", failure);
        }
    }
}
