using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Hypervisor.Tool.Emulators;

/// <summary>Tells from the logs of a run what went wrong.</summary>
public static class RunReport
{
    /// <summary>The beginning of the first line of the hypervisor's crash report.</summary>
    public const string CrashMarker = "*** hv:";

    private const int SerialLines = 30;
    private const int HypervisorLines = 20;
    private const int EmulatorLines = 10;
    private const int CrashLines = 200;

    /// <summary>The ends of the logs, with the hypervisor's crash report in full if there is one.</summary>
    public static string Describe(RunFolder folder)
    {
        StringBuilder report = new();
        Append(report, folder.SerialLog, ReadLines(folder.SerialLog).TakeLast(SerialLines));
        IReadOnlyList<string> crash = FindCrash(folder);
        if (crash.Count > 0)
        {
            Append(report, "the hypervisor's crash report", crash);
        }
        else
        {
            Append(report, folder.HypervisorLog, ReadLines(folder.HypervisorLog).TakeLast(HypervisorLines));
        }

        Append(report, folder.EmulatorLog, ReadLines(folder.EmulatorLog).TakeLast(EmulatorLines));
        return report.ToString().TrimEnd();
    }

    /// <summary>The hypervisor's crash report, or nothing.</summary>
    public static IReadOnlyList<string> FindCrash(RunFolder folder)
    {
        // By configuration the hypervisor logs on either port.
        IReadOnlyList<string> crash = FindCrash(folder.HypervisorLog);
        return crash.Count > 0 ? crash : FindCrash(folder.SerialLog);
    }

    /// <summary>The lines of a log, which may still be growing, without control sequences; nothing if there is no such file.</summary>
    public static IReadOnlyList<string> ReadLines(string file)
    {
        if (!File.Exists(file))
        {
            return [];
        }

        TerminalFilter filter = new();
        // The emulator may still be writing it.
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        stream.CopyTo(content);
        return [.. filter.Strip(content.ToArray()).Split('\n').Where(line => line.Length > 0)];
    }

    private static IReadOnlyList<string> FindCrash(string log)
    {
        return [.. ReadLines(log).SkipWhile(line => !line.Contains(CrashMarker, StringComparison.Ordinal)).Take(CrashLines)];
    }

    private static void Append(StringBuilder report, string title, IEnumerable<string> lines)
    {
        List<string> shown = [.. lines];
        if (shown.Count > 0)
        {
            report.AppendLine($"--- {title}");
            report.AppendJoin(Environment.NewLine, shown).AppendLine();
        }
    }
}
