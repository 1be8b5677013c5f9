using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Ports of any width, also by strings: all are read, and all are written but those in <see cref="NotWritten"/>.</summary>
internal static unsafe class HostilePorts
{
    private const ushort AddressPort = 0xCF8;
    private const ushort ResetControl = 0xCF9;
    private const ushort KeyboardCommand = 0x64;
    private const ushort SystemControl = 0x92;
    private const ushort SmiCommand = 0xB2;
    private const uint ResetBit = 4;
    private const uint PulseNothing = 0xF1; // an odd value from F1h up pulses no line
    private const uint EnableBit = 1u << 31;

    // The power management block: QEMU's q35 and Bochs' PIIX4 as OVMF sets them up. Offsets: ACPI 6.5 §4.8.3, ICH9 §13.8.3.
    private const uint Q35 = 0x29C0_8086;
    private const ushort Q35Power = 0x600;
    private const ushort PiixPower = 0xB000;
    private const ushort ControlOffset = 4;
    private const ushort SmiEnableOffset = 0x30;
    private const uint ApmSmiEnable = 1 << 5;
    private const uint SleepTypeBits = 0x1C00;
    private const uint SciEnable = 1;

    private static ushort s_power;
    private static bool s_smi;

    /// <summary>First and last of what is not written at random.</summary>
    private static ReadOnlySpan<ushort> NotWritten =>
    [
        0x00, 0x0F, // DMA controller
        0x20, 0x21, // interrupt controller: masks and vectors are the firmware's
        0x40, 0x43, // timer: the firmware waits by it
        0x60, 0x64, // keyboard controller: reset, and commands whose data follows; 61h: NMIs. 64h is written apart
        0x71, 0x73, // CMOS: settings of the machine, for its next start
        0x81, 0x8F, // DMA pages
        0x92, 0x92, // reset and A20; written apart
        0xA0, 0xA1, // second interrupt controller
        0xB2, 0xB3, // SMI command; written apart
        0xC0, 0xDF, // second DMA controller
        0xE9, 0xE9, // Bochs: text for its own log
        0x170, 0x177, // disk
        0x1CE, 0x1D1, // display of both emulators
        0x1F0, 0x1F7, // disk: Bochs boots from it
        0x2E8, 0x2EF, // serial ports: this program's report and the hypervisor's log
        0x2F8, 0x2FF,
        0x376, 0x376, // disk
        0x3B0, 0x3DF, // display
        0x3E8, 0x3EF, // serial port
        0x3F0, 0x3FF, // floppy disk (DMA), disk, serial port
        0x400, 0x403, // text for the emulator's log; on Bochs 400h and 401h are how its own BIOS says that it has failed, which ends the emulator
        0x4D0, 0x4D1, // edge or level of interrupts
        0x500, 0x51F, // QEMU's configuration: one of its ports is a DMA engine
        0x600, 0x67F, // power management of q35: sleep, SMIs, a watchdog that resets. The control register is written apart
        0x700, 0x73F, // SMBus
        0xCC0, 0xCF7, // QEMU: plugging of devices and processors
        0xCF9, 0xCF9, // reset; written apart
        0xCFC, 0xCFF, // configuration data: HostilePci writes it, to chosen functions
        0x5658, 0x5659, // VMware's doorway, which QEMU has too: among its commands is reset
        0x6000, 0xFFFF, // where OVMF puts the ports of PCI functions, the disk's among them, and PIIX4's power management; Bochs' shutdown port
    ];

    /// <summary>Serial ports: reading takes away what the program itself waits for.</summary>
    private static ReadOnlySpan<ushort> NotRead => [0x2F8, 0x2FF, 0x3F8, 0x3FF, 0x1F0, 0x1F7, 0x170, 0x177];

    /// <summary>Ports that a hypervisor is likely to stand at.</summary>
    private static ReadOnlySpan<ushort> Favourites =>
        [AddressPort, AddressPort, 0xCFA, 0xCFB, 0xCFC, 0xCFD, 0xCFE, 0xCFF, 0xCF5, 0xCF6, 0xCF7, 0x70, 0x80, 0xED, 0x63, 0x64, 0x92, 0xB1, 0xB2, 0x602, 0x604, 0x605];

    /// <summary>Finds the power management block, and whether writing the SMI command port raises an SMI: where firmware has no handler, that is the end.</summary>
    internal static void Find()
    {
        Instructions.Out32(AddressPort, EnableBit);
        s_power = Instructions.In32(0xCFC) == Q35 ? Q35Power : PiixPower;
        s_smi = s_power == Q35Power && (Instructions.In32((ushort)(s_power + SmiEnableOffset)) & ApmSmiEnable) == 0;
    }

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        uint form = random.Next();
        if ((form & 0xF000) == 0)
        {
            Harmless(ref random);
            return;
        }

        ushort port = (form & 0x10000) == 0 ? Favourites[(int)(random.Next() % (uint)Favourites.Length)] : (ushort)random.Next();
        if ((form & 0x60000) == 0x60000)
        {
            port &= 0xFFF;
        }

        Instruction(ref random, form, port, random.Next());
    }

    /// <summary>Ports that are not written at random, with values that do nothing.</summary>
    private static void Harmless(ref RandomSequence random)
    {
        uint form = random.Next();
        uint value = random.Next();
        ushort control = (ushort)(s_power + ControlOffset);
        switch (form % 7)
        {
            case 0: // everything about sleep but the bit that enters it
                Instructions.Out16(control, (ushort)((value & SleepTypeBits) | SciEnable));
                break;
            case 1:
                Instructions.Out8((ushort)(control + 1), (byte)((value & SleepTypeBits) >> 8));
                break;
            case 2:
                Instructions.Out8(ResetControl, (byte)(value & ~ResetBit));
                break;
            case 3:
                Instructions.Out8(KeyboardCommand, (byte)(value | PulseNothing));
                break;
            case 4:
                Instructions.Out8(SystemControl, 2);
                break;
            case 5 when s_smi:
                Instructions.Out16(SmiCommand, (ushort)value);
                break;
            case 6 when s_smi:
                SmiByString(value, (form & 0x80) != 0);
                break;
            default:
                Instructions.Out16((ushort)(AddressPort + 1), (ushort)(value & ~ResetBit));
                break;
        }
    }

    private static void SmiByString(uint value, bool isString)
    {
        RunContext* context = HostileRun.Prepare();
        context->Rdx = SmiCommand;
        context->Rax = value;
        context->Rcx = value & 0xF;
        context->Rsi = (ulong)Runner.Scratch;
        HostileRun.Execute(context, isString ? [0xF3, 0x6E] : [0xEE]);
    }

    private static void Instruction(ref RandomSequence random, uint form, ushort port, uint value)
    {
        const byte input = 0xEC;
        const byte stringInput = 0x6C;
        bool isString = (form & 6) == 6;
        bool isWide = (form & 8) != 0;
        bool isShort = isWide && (form & 0x10) != 0;
        uint size = !isWide ? 1u : isShort ? 2u : 4u;
        bool writes = (form & 1) != 0 && (IsFree(port, size, NotWritten) || (port == AddressPort && size == sizeof(uint)));
        if (!writes && !IsFree(port, size, NotRead))
        {
            return;
        }

        RunContext* context = HostileRun.Prepare();
        context->Rdx = port;
        context->Rax = value;
        context->Rcx = random.Next() & 0x7F;
        context->Rsi = (ulong)Runner.Scratch + (random.Next() & 0x7FF);
        context->Rdi = (ulong)Runner.Scratch + (random.Next() & 0x7FF);
        context->RFlags = HostileRun.RandomFlags(ref random);
        if (isString && HostileTargets.HostSize != 0 && (form & 0x600) == 0)
        {
            // The memory operand in the hypervisor's own memory: it must not be reached this way either.
            context->Rsi = HostileTargets.HostFirst + (value % HostileTargets.HostSize & ~0xFFFUL);
            context->Rdi = context->Rsi;
        }

        Span<byte> code = stackalloc byte[4];
        int length = 0;
        if (isShort)
        {
            code[length++] = 0x66;
        }

        if (isString && (form & 0x100) != 0)
        {
            code[length++] = 0xF3;
        }

        code[length++] = (byte)((isString ? stringInput : input) + (writes ? 2 : 0) + (isWide ? 1 : 0));
        HostileRun.Execute(context, code.Slice(0, length));
    }

    private static bool IsFree(uint port, uint size, ReadOnlySpan<ushort> ranges)
    {
        for (int i = 0; i < ranges.Length; i += 2)
        {
            if (port + size > ranges[i] && port <= ranges[i + 1])
            {
                return false;
            }
        }

        return port + size <= 0x1_0000;
    }
}
