using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Ports: any is read, of any width, also by strings; those are written behind which nothing stops the machine.</summary>
internal static unsafe class HostilePorts
{
    private const ushort Com1 = 0x3F8;
    private const ushort Com2 = 0x2F8;
    private const ushort SerialSize = 8;
    private const ushort PowerControl = 0x604; // PM1a_CNT of QEMU's q35
    private const uint SleepBits = 0x3C00;
    private const uint SleepTypeBits = 0x1C00;

    private static ReadOnlySpan<ushort> Writable => [0xCF8, 0xCF8, 0xCFA, 0xCFB, 0x70, 0x80, 0x80, 0xED];

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        uint form = random.Next();
        bool writes = (form & 1) != 0;
        ushort port = writes ? Writable[(int)(random.Next() % 8)] : (ushort)random.Next();
        if (writes && (form & 0xF0) == 0)
        {
            // Everything about sleep but the bit that enters it, by words and by the byte it stands in.
            uint value = (Instructions.In16(PowerControl) & ~SleepBits) | (random.Next() & SleepTypeBits);
            Instructions.Out16(PowerControl, (ushort)value);
            Instructions.Out8(PowerControl + 1, (byte)(value >> 8));
            return;
        }

        if (port - Com1 + 4 < SerialSize + 4 || (port >= Com2 - 4 && port < Com2 + SerialSize))
        {
            return;
        }

        RunContext* context = Runner.Prepare(Layout.SnippetName.StiCpuid);
        context->Rdx = port;
        context->Rax = port is 0x70 or 0x71 ? 0x80 : random.Next();
        context->Rcx = random.Next() & 0x7F;
        context->Rsi = (ulong)Runner.Scratch + (random.Next() & 0x7FF);
        context->Rdi = (ulong)Runner.Scratch + (random.Next() & 0x7FF);
        bool isString = (form & 6) == 6 && port is not (0x70 or 0x71);
        byte opcode = (byte)((isString ? 0x6C : 0xEC) + (writes ? 2 : 0) + ((form >> 3) & 1));
        Span<byte> code = stackalloc byte[3];
        int length = 0;
        if ((form & 0x100) != 0)
        {
            code[length++] = 0x66;
        }

        if (isString && (form & 0x200) != 0)
        {
            code[length++] = 0xF3;
        }

        code[length++] = opcode;
        HostileRun.Execute(context, code.Slice(0, length));
    }
}
