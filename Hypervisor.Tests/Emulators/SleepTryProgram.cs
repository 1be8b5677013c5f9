using System;
using Hypervisor.Tool.GuestTools;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tests.Emulators;

/// <summary>
/// A Linux program that tells the machine to enter S3 past the kernel: it writes the sleep type with SLP_EN (ACPI 6.5 §4.8.3.2.1) to the control register of QEMU's q35, in
/// every way that a port can be written.
/// </summary>
internal static class SleepTryProgram
{
    private const int PrivilegeCall = 172; // iopl: all ports are open to user mode then
    private const int AllPorts = 3;
    private const int Failed = 2;

    private const uint Control = 0x604; // PM1a_CNT, where OVMF puts the block at 600h
    private const uint Enters = 0x2401; // SLP_EN, type 1, which is S3 in QEMU's tables, and SCI_EN

    private const int EnableBits = 16; // PM1a_EN, the register before (ACPI 6.5 §4.8.3.1.2)

    /// <summary>How many writes it makes, each of which would put a machine to sleep.</summary>
    internal const int Attempts = 6;

    /// <summary>What it prints when all of them are over.</summary>
    internal const string StillAwake = "still awake";

    /// <summary>Writes the program.</summary>
    internal static byte[] Write()
    {
        LinuxProgram program = new();
        Assembler a = program.Code;
        Label allowed = a.CreateLabel("allowed");
        a.mov(eax, PrivilegeCall);
        a.mov(edi, AllPorts);
        a.syscall();
        a.test(eax, eax);
        a.je(allowed);
        program.Fail("iopl", Failed);
        a.Label(ref allowed);

        a.mov(edx, Control);
        a.mov(eax, Enters);
        a.@out(dx, ax);
        a.@out(dx, eax);
        a.inc(edx);
        a.mov(al, (sbyte)(Enters >> 8));
        a.@out(dx, al);

        WriteFromBelow(a);
        WriteByStrings(program);

        program.Print(StillAwake);
        program.EndLine();
        program.Exit(0);
        return program.Build();
    }

    /// <summary>Four bytes of which the last two are the register. What comes before is written as it is read.</summary>
    private static void WriteFromBelow(Assembler a)
    {
        a.mov(edx, Control - sizeof(ushort));
        a.@in(ax, dx);
        a.movzx(eax, ax);
        a.or(eax, Enters << EnableBits);
        a.@out(dx, eax);
    }

    private static void WriteByStrings(LinuxProgram program)
    {
        Assembler a = program.Code;
        Label value = program.Constant(BitConverter.GetBytes((ushort)Enters));
        a.mov(edx, Control);
        a.lea(rsi, __[value]);
        a.outsw();
        a.mov(ecx, 1);
        a.lea(rsi, __[value]);
        a.rep.outsw();
    }
}
