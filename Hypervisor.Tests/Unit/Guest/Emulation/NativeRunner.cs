using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>Lets the processor of this machine execute cases, in a program of its own.</summary>
internal static unsafe class NativeRunner
{
    private const int TimeLimit = 20_000; // milliseconds; a batch takes a few

    /// <summary>Runs the cases, which are changed into what they left.</summary>
    internal static void Run(Span<NativeCase> cases, bool is64Bit)
    {
        string folder = Directory.CreateTempSubdirectory("hv-native-").FullName;
        try
        {
            string batch = Path.Combine(folder, "cases");
            string program = Path.Combine(folder, "program");
            File.WriteAllBytes(batch, MemoryMarshal.AsBytes(cases));
            File.WriteAllBytes(program, NativeProgram.Write(batch, cases.Length, is64Bit));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            using Process process = Process.Start(program);
            if (!process.WaitForExit(TimeLimit))
            {
                process.Kill();
                File.ReadAllBytes(batch).CopyTo(MemoryMarshal.AsBytes(cases));
                throw new InvalidOperationException($"the program that runs instructions natively does not end: {FirstNotRun(cases)}");
            }

            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"the program that runs instructions natively ended with {process.ExitCode}");
            }

            using FileStream results = File.OpenRead(batch);
            results.ReadExactly(MemoryMarshal.AsBytes(cases));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string FirstNotRun(Span<NativeCase> cases)
    {
        for (int i = 0; i < cases.Length; i++)
        {
            if (cases[i].Status == 0)
            {
                fixed (NativeCase* stuck = &cases[i])
                {
                    return $"case {i} of {cases.Length}, code {Convert.ToHexString(new ReadOnlySpan<byte>(stuck->Code, NativeCase.CodeSize))}";
                }
            }
        }

        return "all cases were run";
    }
}
