using System;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>Names of the instructions that lists of checks run through.</summary>
public static class InstructionName
{
    /// <summary>The name.</summary>
    public static ReadOnlySpan<byte> Of(SnippetName name)
    {
        switch (name)
        {
            case SnippetName.Vmrun: return "vmrun"u8;
            case SnippetName.Vmload: return "vmload"u8;
            case SnippetName.Vmsave: return "vmsave"u8;
            case SnippetName.Stgi: return "stgi"u8;
            case SnippetName.Clgi: return "clgi"u8;
            case SnippetName.Skinit: return "skinit"u8;
            case SnippetName.Invlpga: return "invlpga"u8;
            case SnippetName.Vmmcall: return "vmmcall"u8;
            case SnippetName.Vmcall: return "vmcall"u8;
            case SnippetName.Vmlaunch: return "vmlaunch"u8;
            case SnippetName.Vmresume: return "vmresume"u8;
            case SnippetName.Vmxoff: return "vmxoff"u8;
            case SnippetName.Vmxon: return "vmxon"u8;
            case SnippetName.Vmptrld: return "vmptrld"u8;
            case SnippetName.Vmptrst: return "vmptrst"u8;
            case SnippetName.Vmclear: return "vmclear"u8;
            case SnippetName.Vmread: return "vmread"u8;
            case SnippetName.Vmwrite: return "vmwrite"u8;
            case SnippetName.Invept: return "invept"u8;
            case SnippetName.Invvpid: return "invvpid"u8;
            case SnippetName.Getsec: return "getsec"u8;
            case SnippetName.LockCpuid: return "lock-cpuid"u8;
            case SnippetName.UserCpuid: return "cpuid"u8;
            case SnippetName.UserReadMsr: return "rdmsr"u8;
            case SnippetName.UserRdtsc: return "rdtsc"u8;
            case SnippetName.UserHlt: return "hlt"u8;
            case SnippetName.ApicMov: return "mov"u8;
            case SnippetName.ApicMovImmediate: return "mov-imm"u8;
            case SnippetName.ApicMovHigh: return "mov-r13d"u8;
            case SnippetName.ApicMovIndexed: return "mov-indexed"u8;
            case SnippetName.ApicOr: return "or"u8;
            case SnippetName.ApicAnd: return "and"u8;
            case SnippetName.ApicXor: return "xor"u8;
            case SnippetName.ApicAdd: return "add"u8;
            case SnippetName.ApicXchg: return "xchg"u8;
            case SnippetName.ApicCmpxchg: return "lock-cmpxchg"u8;
            case SnippetName.ApicCmpxchgPlain: return "cmpxchg"u8;
            case SnippetName.ApicLockOr: return "lock-or"u8;
            case SnippetName.ApicLockInc: return "lock-inc"u8;
            case SnippetName.ApicXadd: return "lock-xadd"u8;
            case SnippetName.ApicInc: return "inc"u8;
            case SnippetName.ApicNot: return "not"u8;
            case SnippetName.ApicBts: return "bts"u8;
            case SnippetName.ApicStosString: return "stosd"u8;
            case SnippetName.ApicMovsString: return "movsd"u8;
            case SnippetName.ApicRepStos: return "rep-stosd"u8;
            case SnippetName.ApicLoadsString: return "lodsd"u8;
            case SnippetName.ApicTest: return "test"u8;
            case SnippetName.ApicCmp: return "cmp"u8;
            case SnippetName.ApicMov32: return "mov-addr32"u8;
            case SnippetName.Cpuid: return "plain"u8;
            case SnippetName.Cpuid66: return "66"u8;
            case SnippetName.CpuidRex: return "rex.w"u8;
            case SnippetName.CpuidF2: return "f2"u8;
            case SnippetName.CpuidF3: return "f3"u8;
            case SnippetName.Cpuid67: return "67"u8;
            case SnippetName.CpuidSegment: return "cs-gs"u8;
            case SnippetName.CpuidLongest: return "15-bytes"u8;
            case SnippetName.CpuidTooLong: return "16-bytes"u8;
            default: return "?"u8;
        }
    }
}
