using System;
using System.Runtime;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Bench;

/// <summary>Measures what single instructions cost and prints one line each on COM1: <c>bench: name milli-ticks</c>, per thousand executions.</summary>
public static unsafe class BenchEntry
{
    private const uint Count = 1000;
    private const int LineCapacity = 96;

    private struct LineBuffer
    {
        public fixed byte Bytes[LineCapacity];
    }

    private static LineBuffer s_line;

    /// <summary>Entry point (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable)
    {
        SerialPort.Open(SerialPort.Com1);
        Print("time-stamp"u8, Instructions.ReadTimestamp());
        Instructions.DisableInterrupts();
        Measure("empty"u8, &BenchLoops.Empty);
        Measure("cpuid-0"u8, &BenchLoops.Cpuid0);
        Measure("cpuid-1"u8, &BenchLoops.Cpuid1);
        Measure("cpuid-40000000"u8, &BenchLoops.CpuidVendor);
        Measure("rdmsr-efer"u8, &BenchLoops.ReadEfer);
        Measure("wrmsr-efer"u8, &BenchLoops.WriteEfer);
        Measure("rdmsr-tsc"u8, &BenchLoops.ReadTsc);
        Measure("rdmsr-pat"u8, &BenchLoops.ReadPat);
        Measure("wrmsr-pat"u8, &BenchLoops.WritePat);
        Measure("rdmsr-fs-base"u8, &BenchLoops.ReadFsBase);
        Measure("wrmsr-sysenter"u8, &BenchLoops.WriteSysenter);
        MeasureXsetbv();
        Measure("mov-cr0"u8, &BenchLoops.WriteCr0);
        Measure("mov-cr3"u8, &BenchLoops.WriteCr3);
        Measure("mov-cr4"u8, &BenchLoops.WriteCr4);
        Measure("mov-cr8"u8, &BenchLoops.WriteCr8);
        Measure("out-80"u8, &BenchLoops.OutDelay);
        Measure("out-70"u8, &BenchLoops.OutCmosIndex);
        Measure("pci-read"u8, &BenchLoops.PciRead);
        Measure("pci-window"u8, &BenchLoops.PciWindowRead);
        Measure("ahci-read"u8, &BenchLoops.AhciRead);
        Measure("ahci-write"u8, &BenchLoops.AhciWrite);
        Measure("apic-read"u8, &BenchLoops.ReadApic);
        Measure("apic-write"u8, &BenchLoops.WriteApic);
        SerialPort.Write("bench: done\r\n"u8);
        return EfiStatus.Success;
    }

    /// <summary>XSETBV writes back what XCR0 holds; it takes CR4.OSXSAVE, which firmware leaves clear.</summary>
    private static void MeasureXsetbv()
    {
        ulong cr4 = Instructions.ReadCr4();
        Instructions.WriteCr4(new Cr4(cr4).WithOsXSave(true).Value);
        Measure("xsetbv"u8, &BenchLoops.Xsetbv);
        Instructions.WriteCr4(cr4);
    }

    private static void Measure(ReadOnlySpan<byte> name, delegate*<uint, ulong> loop)
    {
        loop(Count); // translates the code, fills caches
        Print(name, loop(Count));
    }

    private static void Print(ReadOnlySpan<byte> name, ulong ticks)
    {
        fixed (byte* line = s_line.Bytes)
        {
            TextBuffer text = new(new Span<byte>(line, LineCapacity));
            text.Append("bench: "u8);
            text.Append(name);
            text.Append(" "u8);
            text.AppendDecimal(ticks);
            text.Append("\r\n"u8);
            SerialPort.Write(text.Written);
        }
    }
}
