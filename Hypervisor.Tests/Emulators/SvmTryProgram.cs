using System.Collections.Generic;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Tool.GuestTools;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tests.Emulators;

/// <summary>
/// A Linux program that executes, one after the other, instructions that user mode may not have or that a processor without virtualization does not know, and
/// prints which signal each raised.
/// </summary>
internal static class SvmTryProgram
{
    private const int NameWidth = 40;
    private const int NumberWidth = 4;

    // struct ucontext of x86-64: the registers' place, and theirs in it.
    private const int Registers = 40;
    private const int SavedR12 = Registers + 32;
    private const int SavedR14 = Registers + 48;
    private const int SavedRbx = Registers + 88;
    private const int SavedRip = Registers + 128;
    private const int SignalCode = 8; // struct siginfo

    private const ulong UnknownFunction = 99;
    private const ulong NoSuchProcessor = 4096;

    // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
    private static readonly int[] _signals = [4, 5, 7, 8, 11];

    private static readonly (string Name, byte[] Code)[] _instructions =
    [
        ("ud2", [0x0F, 0x0B]),
        ("vmrun", [0x0F, 0x01, 0xD8]),
        ("vmmcall", [0x0F, 0x01, 0xD9]),
        ("vmload", [0x0F, 0x01, 0xDA]),
        ("vmsave", [0x0F, 0x01, 0xDB]),
        ("stgi", [0x0F, 0x01, 0xDC]),
        ("clgi", [0x0F, 0x01, 0xDD]),
        ("skinit", [0x0F, 0x01, 0xDE]),
        ("invlpga", [0x0F, 0x01, 0xDF]),
        ("vmgexit", [0xF3, 0x0F, 0x01, 0xD9]),
        ("vmcall", [0x0F, 0x01, 0xC1]),
        ("vmlaunch", [0x0F, 0x01, 0xC2]),
        ("vmresume", [0x0F, 0x01, 0xC3]),
        ("vmxoff", [0x0F, 0x01, 0xC4]),
        ("vmfunc", [0x0F, 0x01, 0xD4]),
        ("vmptrld", [0x0F, 0xC7, 0x34, 0x24]),
        ("vmclear", [0x66, 0x0F, 0xC7, 0x34, 0x24]),
        ("vmxon", [0xF3, 0x0F, 0xC7, 0x34, 0x24]),
        ("vmptrst", [0x0F, 0xC7, 0x3C, 0x24]),
        ("vmread", [0x0F, 0x78, 0xC0]),
        ("vmwrite", [0x0F, 0x79, 0xC0]),
        ("invept", [0x66, 0x0F, 0x38, 0x80, 0x04, 0x24]),
        ("invvpid", [0x66, 0x0F, 0x38, 0x81, 0x04, 0x24]),
        ("getsec", [0x0F, 0x37]),
        ("rsm", [0x0F, 0xAA]),
        ("monitor", [0x0F, 0x01, 0xC8]),
        ("mwait", [0x0F, 0x01, 0xC9]),
        ("invd", [0x0F, 0x08]),
        ("wbinvd", [0x0F, 0x09]),
        ("xsetbv", [0x0F, 0x01, 0xD1]),
        ("rdmsr", [0x0F, 0x32]),
        ("wrmsr", [0x0F, 0x30]),
        ("hlt", [0xF4]),
        ("cli", [0xFA]),
        ("in", [0xEC]),
        ("out", [0xEE]),
        ("mov rax, cr0", [0x0F, 0x20, 0xC0]),
        ("mov cr4, rax", [0x0F, 0x22, 0xE0]),
        ("mov rax, dr7", [0x0F, 0x21, 0xF8]),
        ("clac", [0x0F, 0x01, 0xCA]),
        ("swapgs", [0x0F, 0x01, 0xF8]),
        ("invlpg", [0x0F, 0x01, 0x3C, 0x24]),
        ("lmsw", [0x0F, 0x01, 0xF0]),
    ];

    /// <summary>Calls with the signature that user mode must not be answered: the driver's own, an unknown one, one with a bad argument.</summary>
    private static readonly (string Name, ulong Function)[] _calls =
    [
        ("call of the driver", (ulong)HypercallFunction.ExitBootServices),
        ("call without such a function", UnknownFunction),
        ("call for an absent processor", (ulong)HypercallFunction.ExitCount),
    ];

    /// <summary>The number of lines it prints.</summary>
    internal static int Attempts => _instructions.Length + (2 * _calls.Length);

    /// <summary>Writes the program.</summary>
    internal static byte[] Write()
    {
        LinuxProgram program = new();
        Assembler a = program.Code;
        Label handler = a.CreateLabel("handler");
        foreach (int signal in _signals)
        {
            program.Handle(signal, handler);
        }

        foreach ((string name, byte[] code) in _instructions)
        {
            a.xor(eax, eax);
            a.xor(ecx, ecx);
            a.xor(edx, edx);
            WriteAttempt(program, name, code);
        }

        foreach ((string name, byte[] code) in CallInstructions())
        {
            foreach ((string call, ulong function) in _calls)
            {
                a.mov(rax, HypercallProtocol.Signature);
                a.mov(rcx, function);
                a.mov(rdx, NoSuchProcessor);
                a.xor(r8d, r8d);
                WriteAttempt(program, $"{name}: {call}", code);
            }
        }

        program.Exit(0);
        WriteHandler(a, ref handler);
        return program.Build();
    }

    private static IEnumerable<(string Name, byte[] Code)> CallInstructions()
    {
        yield return ("vmmcall", [0x0F, 0x01, 0xD9]);
        yield return ("vmcall", [0x0F, 0x01, 0xC1]);
    }

    /// <summary>R14 becomes the signal and RBX its code; both stay zero where none comes.</summary>
    private static void WriteAttempt(LinuxProgram program, string name, byte[] code)
    {
        Assembler a = program.Code;
        Label after = a.CreateLabel();
        a.lea(r12, __[after]);
        a.xor(r14d, r14d);
        a.xor(ebx, ebx);
        a.db(code);
        a.Label(ref after);
        program.Print(name.PadRight(NameWidth) + "signal");
        a.mov(rax, r14);
        program.PrintNumber(NumberWidth);
        program.Print(" code");
        a.mov(rax, rbx);
        program.PrintNumber(NumberWidth);
        program.EndLine();
    }

    private static void WriteHandler(Assembler a, ref Label handler)
    {
        a.Label(ref handler);
        a.mov(rax, __qword_ptr[rdx + SavedR12]);
        a.mov(__qword_ptr[rdx + SavedRip], rax);
        a.mov(eax, edi);
        a.mov(__qword_ptr[rdx + SavedR14], rax);
        a.mov(eax, __dword_ptr[rsi + SignalCode]);
        a.mov(__qword_ptr[rdx + SavedRbx], rax);
        a.ret();
    }
}
